// A language model of a few thousand random weights, as a GGUF file: real enough for llama.cpp to load, tokenize and
// generate with, small enough to be made in a moment, and the same each time. What it says is noise. Source of the
// format: llama.cpp's docs/gguf.md.
import { writeFileSync } from 'node:fs';
import { SeededRandom } from './seeded-random.ts';

const WIDTH = 64;
const LAYERS = 2;
const HEADS = 4;
const INNER = 128;
const CONTEXT_TOKENS = 4096;
const ALIGNMENT = 32;

/** The types of values that are used here. */
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const STRING = 8;
const ARRAY = 9;
const F32_TENSOR = 0;

/** The kinds of tokens. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

type Token = { readonly text: string; readonly kind: number };

/** Three that control, one for each byte, and one for each printable character, `▁` being the blank. */
const TOKENS: readonly Token[] = [
  { text: '<unk>', kind: UNKNOWN },
  { text: '<s>', kind: CONTROL },
  { text: '</s>', kind: CONTROL },
  ...Array.from({ length: 256 }, (_, byte) => ({
    text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    kind: BYTE,
  })),
  ...Array.from({ length: 95 }, (_, i) => ({ text: i === 0 ? '▁' : String.fromCharCode(32 + i), kind: NORMAL })),
];

/** Writes the model to `path`. */
export function writeTinyModel(path: string): void {
  const random = new SeededRandom(20_261_122);
  const tensors = tensorsOf().map(({ name, shape }) => ({ name, shape, data: weights(shape, random) }));
  const head = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(METADATA.length), ...METADATA];
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    head.push(text(name), u32(shape.length), ...shape.map(u64), u32(F32_TENSOR), u64(offset));
    offset += padded(data.length);
  }
  const front = Buffer.concat(head);
  writeFileSync(path, Buffer.concat([pad(front), ...tensors.map(({ data }) => pad(data))]));
}

const METADATA: readonly Buffer[] = [
  entry('general.architecture', STRING, text('llama')),
  entry('general.name', STRING, text('tiny')),
  entry('general.alignment', UINT32, u32(ALIGNMENT)),
  entry('llama.context_length', UINT32, u32(CONTEXT_TOKENS)),
  entry('llama.embedding_length', UINT32, u32(WIDTH)),
  entry('llama.block_count', UINT32, u32(LAYERS)),
  entry('llama.feed_forward_length', UINT32, u32(INNER)),
  entry('llama.attention.head_count', UINT32, u32(HEADS)),
  entry('llama.attention.head_count_kv', UINT32, u32(HEADS)),
  entry('llama.attention.layer_norm_rms_epsilon', FLOAT32, f32(1e-5)),
  entry('llama.rope.dimension_count', UINT32, u32(WIDTH / HEADS)),
  entry('llama.vocab_size', UINT32, u32(TOKENS.length)),
  entry('tokenizer.ggml.model', STRING, text('llama')),
  list(
    'tokenizer.ggml.tokens',
    STRING,
    TOKENS.map((token) => text(token.text)),
  ),
  list(
    'tokenizer.ggml.scores',
    FLOAT32,
    TOKENS.map(() => f32(0)),
  ),
  list(
    'tokenizer.ggml.token_type',
    INT32,
    TOKENS.map(({ kind }) => u32(kind)),
  ),
  entry('tokenizer.ggml.unknown_token_id', UINT32, u32(0)),
  entry('tokenizer.ggml.bos_token_id', UINT32, u32(1)),
  entry('tokenizer.ggml.eos_token_id', UINT32, u32(2)),
];

/** Shapes as GGUF has them: the fastest dimension first. */
function tensorsOf(): { readonly name: string; readonly shape: readonly number[] }[] {
  const layers = Array.from({ length: LAYERS }, (_, i) => [
    { name: `blk.${i}.attn_norm.weight`, shape: [WIDTH] },
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) => ({
      name: `blk.${i}.${name}.weight`,
      shape: [WIDTH, WIDTH],
    })),
    { name: `blk.${i}.ffn_norm.weight`, shape: [WIDTH] },
    { name: `blk.${i}.ffn_gate.weight`, shape: [WIDTH, INNER] },
    { name: `blk.${i}.ffn_up.weight`, shape: [WIDTH, INNER] },
    { name: `blk.${i}.ffn_down.weight`, shape: [INNER, WIDTH] },
  ]);
  return [
    { name: 'token_embd.weight', shape: [WIDTH, TOKENS.length] },
    ...layers.flat(),
    { name: 'output_norm.weight', shape: [WIDTH] },
    { name: 'output.weight', shape: [WIDTH, TOKENS.length] },
  ];
}

/** Norms are ones, so that the noise keeps its size. */
function weights(shape: readonly number[], random: SeededRandom): Buffer {
  const length = shape.reduce((product, size) => product * size, 1);
  const isNorm = shape.length === 1;
  const values = Float32Array.from({ length }, () => (isNorm ? 1 : (random.next() - 0.5) * 0.5));
  return Buffer.from(values.buffer);
}

function entry(name: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([text(name), u32(type), value]);
}

function list(name: string, type: number, values: readonly Buffer[]): Buffer {
  return entry(name, ARRAY, Buffer.concat([u32(type), u64(values.length), ...values]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);
}
