// Who judges texts: the lexicon of this program, a vendor's moderation, or a chat model. The operator chooses one.
import type { Moderation, ModerationRequest } from '../core/moderation/index.ts';
import { moderateLexically } from '../core/moderation/index.ts';
import type { FreeAsker } from './ask-free.ts';
import type { Gateway } from './gateway.ts';

export interface Moderator {
  /** Texts that one request may bring; each of them may cost the operator a question. */
  readonly textsMax: number;
  /** Requests to providers that a request makes. */
  questionsOf(request: ModerationRequest): number;
  /** Throws where it could not judge every text. */
  judge(gateway: Gateway, request: ModerationRequest, asker: FreeAsker): Promise<Moderation>;
}

export const lexicalModerator: Moderator = {
  textsMax: Number.POSITIVE_INFINITY,
  questionsOf: () => 0,
  judge: (_, request) => Promise.resolve(moderateLexically(request)),
};
