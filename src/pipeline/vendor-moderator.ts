// Moderation by a vendor's model that speaks OpenAI's protocol. All texts go in one request.
import { vendorJudgement } from '../core/moderation/index.ts';
import { askFree } from './ask-free.ts';
import type { Route } from './model-book.ts';
import type { Moderator } from './moderator.ts';

const TEXTS_MAX = 32;

export function vendorModerator(route: Route): Moderator {
  return {
    textsMax: TEXTS_MAX,
    questionsOf: () => 1,
    async judge(gateway, { texts, filters }, asker) {
      const { model, judgements } = await askFree(gateway, asker, [route], ({ moderations }) =>
        moderations === undefined
          ? undefined
          : {
              build: (target) => moderations.buildRequest(texts, target),
              read: (text) => moderations.readModeration(text, texts.length),
            },
      );
      return {
        model: model ?? route.target.upstreamModel,
        judgements: judgements.map((judgement, i) => vendorJudgement(texts[i] ?? '', judgement, filters)),
      };
    },
  };
}
