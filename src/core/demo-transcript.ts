// What the demonstration writes down of a recording: that it has not listened, in each of the formats.
import { secondsOf } from './audio.ts';
import type { Transcript, TranscriptionCall } from './work.ts';

export function demoTranscript({ file, format, task }: TranscriptionCall): Transcript {
  const { about } = secondsOf(file.bytes);
  const text = `This is a demonstration from Tolmach: no speech model is connected, so nobody has listened to the ${file.bytes.length} bytes.`;
  switch (format) {
    case 'json':
      return { body: { text } };
    case 'verbose_json': {
      const segment = { id: 0, seek: 0, start: 0, end: about, text, tokens: [], temperature: 0 };
      const rating = { avg_logprob: 0, compression_ratio: 1, no_speech_prob: 1 };
      return { body: { task, language: 'english', duration: about, text, segments: [{ ...segment, ...rating }] } };
    }
    case 'text':
      return { body: `${text}\n` };
    case 'srt':
      return { body: `1\n${clock(0, ',')} --> ${clock(about, ',')}\n${text}\n\n` };
    case 'vtt':
      return { body: `WEBVTT\n\n${clock(0, '.')} --> ${clock(about, '.')}\n${text}\n\n` };
  }
}

function clock(seconds: number, mark: string): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${two(hours)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${mark}000`;
}
