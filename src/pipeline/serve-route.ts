// Which file of the pipeline serves which action of a route.
import type { Dialect, Route } from '../dialects/dialect.ts';
import type { Gateway } from './gateway.ts';
import type { Incoming, Reply } from './reply.ts';
import { serveCall } from './serve-call.ts';
import { serveBalance, serveModel, serveModels, serveTokens } from './serve-free.ts';
import { serveImage } from './serve-image.ts';
import { serveModeration } from './serve-moderation.ts';
import {
  serveTaskCancellation,
  serveTaskDetails,
  serveTaskSubmission,
  serveWebhookSecret,
} from './serve-submitted-task.ts';
import { serveTaskCreation, serveTaskStatus } from './serve-task.ts';
import { serveWork } from './serve-work.ts';

export function serveRoute(gateway: Gateway, dialect: Dialect, route: Route, incoming: Incoming): Promise<Reply> {
  switch (route.action) {
    case 'call':
      return serveCall(gateway, dialect, route, incoming);
    case 'image':
      return serveImage(gateway, dialect, route, incoming);
    case 'work':
      return serveWork(gateway, dialect, route, incoming);
    case 'createTask':
      return serveTaskCreation(gateway, dialect, route, incoming);
    case 'readTask':
      return serveTaskStatus(gateway, dialect, route, incoming);
    case 'submitTask':
      return serveTaskSubmission(gateway, dialect, route, incoming);
    case 'showTask':
      return serveTaskDetails(gateway, dialect, route, incoming);
    case 'cancelTask':
      return serveTaskCancellation(gateway, dialect, route, incoming);
    case 'webhookSecret':
      return serveWebhookSecret(gateway, dialect, route, incoming);
    case 'balance':
      return serveBalance(gateway, dialect, route, incoming);
    case 'models':
      return serveModels(gateway, dialect, route, incoming);
    case 'model':
      return serveModel(gateway, dialect, route, incoming);
    case 'moderate':
      return serveModeration(gateway, dialect, route, incoming);
    case 'tokenize':
      return serveTokens(gateway, dialect, route, incoming);
  }
}
