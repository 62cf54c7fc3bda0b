// Moderation by a chat model. Each text is a question of its own, so that none can speak for another.
import { CallError } from '../core/errors.ts';
import { Meter } from '../core/meter.ts';
import type { Judgement } from '../core/moderation/index.ts';
import { judgeCall, judgeOver, moderateLexically, namesOf, readScores } from '../core/moderation/index.ts';
import type { FreeAsker } from './ask-free.ts';
import { askFree } from './ask-free.ts';
import type { Gateway } from './gateway.ts';
import type { Moderator } from './moderator.ts';

const TEXTS_MAX = 8;
/** Of a longer text the judge reads the beginning and the end; the lexicon reads it all. */
const TEXT_CHARS_MAX = 20_000;

/** @param modelName a public model. */
export function judgeModerator(modelName: string): Moderator {
  return {
    textsMax: TEXTS_MAX,
    questionsOf: ({ texts }) => texts.length,
    async judge(gateway, request, asker) {
      const floor = moderateLexically(request).judgements;
      const names = namesOf(request);
      // Where one question fails the whole answer is another moderator's, so that the others need no end.
      const others = new AbortController();
      const signal = AbortSignal.any([asker.signal, others.signal]);
      try {
        const judgements = await Promise.all(
          request.texts.map(
            async (text, i): Promise<Judgement> =>
              judgeOver(floor[i] ?? {}, await askJudge(gateway, { ...asker, signal }, modelName, shorten(text), names)),
          ),
        );
        return { model: `judge:${modelName}`, judgements };
      } finally {
        others.abort(new CallError('client_closed', { detail: 'another question failed' }));
      }
    },
  };
}

function askJudge(
  gateway: Gateway,
  asker: FreeAsker,
  modelName: string,
  text: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const call = judgeCall(modelName, text, names);
  return askFree(gateway, asker, gateway.models.find(modelName)?.routes ?? [], ({ chat }) =>
    chat === undefined
      ? undefined
      : {
          build: (target) => chat.buildRequest(call, target),
          read(text) {
            // The meter of a call counts towards its charge, and here is none.
            const { choices } = chat.readAnswer(text, new Meter(0, () => '')).answer;
            const scores = readScores(choices[0]?.text ?? '', names);
            if (scores === undefined)
              throw new CallError('upstream_bad_response', { detail: 'the judge answered nonsense' });
            return scores;
          },
        },
  );
}

function shorten(text: string): string {
  const half = TEXT_CHARS_MAX / 2;
  return text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`;
}
