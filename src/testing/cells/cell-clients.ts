// The client of each row of the cells.
import { completeClient, messagesClient } from './anthropic-clients.ts';
import type { CellClient } from './cell-client.ts';
import type { ClientName } from './cell-table.ts';
import { geminiClient } from './gemini-client.ts';
import { ollamaClient } from './ollama-client.ts';
import { chatClient, completionsClient, tasksClient } from './openai-clients.ts';
import { responsesClient } from './responses-client.ts';
import { chatinfoClient, sydneyChatClient, sydneyPromptClient, textbotClient } from './service-clients.ts';

export const CELL_CLIENTS: Readonly<Record<ClientName, CellClient>> = {
  chat: chatClient('/v1/chat/completions'),
  responses: responsesClient,
  messages: messagesClient,
  gemini: geminiClient,
  ollama: ollamaClient,
  nspChat: chatClient('/api/v1/chat/completions'),
  completions: completionsClient('/v1/completions'),
  complete: completeClient('/v1/complete'),
  nspCompletions: completionsClient('/api/v1/completions'),
  nspClaude: completeClient('/api/v1/completions/claude', true),
  sydneyChat: sydneyChatClient,
  sydneyPrompt: sydneyPromptClient,
  chatinfo: chatinfoClient,
  textbot: textbotClient,
  tasks: tasksClient,
};
