// Makes the moderator that the configuration names.
import type { FileConfig } from '../config-schema.ts';
import { judgeModerator } from './judge-moderator.ts';
import type { ModelBook } from './model-book.ts';
import type { Moderator } from './moderator.ts';
import { lexicalModerator } from './moderator.ts';
import { vendorModerator } from './vendor-moderator.ts';

type Settings = FileConfig['moderation'];

const VENDOR_MODEL = 'omni-moderation-latest';

const MODERATORS: Readonly<Record<Settings['kind'], (settings: Settings, models: ModelBook) => Moderator>> = {
  lexical: () => lexicalModerator,
  openai: ({ provider = '', model = VENDOR_MODEL }, models) => vendorModerator(models.routeTo(provider, model)),
  // The model is looked up at each question, because those of running servers become known only after the start.
  judge: ({ model = '' }) => judgeModerator(model),
};

/** Throws where the configured provider does not exist. */
export function openModerator(settings: Settings, models: ModelBook): Moderator {
  return MODERATORS[settings.kind](settings, models);
}
