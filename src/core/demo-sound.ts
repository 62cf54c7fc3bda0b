// What the demonstration says aloud: a short tone and no words, so that nobody takes it for a voice. The longer the text,
// the longer the tone, within bounds.

const RATE = 24_000;
const TONE_HZ = 440;
const CHARS_A_SECOND = 15;
const SECONDS_MAX = 5;
const FADE_S = 0.02;
const LOUDNESS = 0.2;

/** Samples of 16 bits at 24 kHz, one channel, the lowest byte first: what OpenAI calls `pcm`. */
export function demoTone(text: string): Buffer {
  const seconds = Math.min(SECONDS_MAX, Math.max(0.5, text.length / CHARS_A_SECOND));
  const samples = Math.round(seconds * RATE);
  const out = Buffer.alloc(samples * 2);
  for (let i = 0; i < samples; i++) {
    const fade = Math.min(1, i / (FADE_S * RATE), (samples - i) / (FADE_S * RATE));
    out.writeInt16LE(Math.round(Math.sin((2 * Math.PI * TONE_HZ * i) / RATE) * fade * LOUDNESS * 32_767), i * 2);
  }
  return out;
}

/** The same samples as a WAV file. */
export function asWav(samples: Buffer): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}
