// The sizes that SDXL was trained on, which are the only ones that Stability's engines of SDXL 1.0 take.
import type { AspectRatio } from '../core/call.ts';

export const SDXL_SIZES: Readonly<Record<AspectRatio, readonly [width: number, height: number]>> = {
  '16:9': [1344, 768],
  '3:2': [1216, 832],
  '1:1': [1024, 1024],
  '2:3': [832, 1216],
  '9:16': [768, 1344],
};
