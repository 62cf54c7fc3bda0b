// What words mean together. Tags are given to words in the lists beside this file.

import type { WordRule } from '../word-group.ts';

export const WORD_RULES: readonly WordRule[] = [
  // Threats and violence.
  {
    steps: ['want', 'kill', 'person'],
    gap: 4,
    weights: { violence: 0.9, 'harassment/threatening': 0.6 },
    unless: ['harmless', 'joke'],
    unlessNegated: true,
  },
  {
    steps: ['want', 'person', 'kill'],
    gap: 3,
    weights: { violence: 0.9, 'harassment/threatening': 0.6 },
    unless: ['harmless', 'joke'],
    unlessNegated: true,
  },
  {
    steps: ['killMe', 'person'],
    gap: 2,
    anyOrder: true,
    weights: { violence: 0.85, 'harassment/threatening': 0.8 },
    unless: ['harmless', 'joke'],
    unlessNegated: true,
  },
  { steps: ['kill', 'person'], gap: 2, weights: { violence: 0.4 }, unless: ['harmless', 'joke'] },
  {
    steps: ['kill', 'all', 'person'],
    gap: 2,
    weights: { violence: 0.8, 'harassment/threatening': 0.5 },
    unless: ['harmless'],
  },
  {
    steps: ['want', 'beat', 'person'],
    gap: 3,
    weights: { violence: 0.75, 'harassment/threatening': 0.6 },
    unless: ['harmless'],
    unlessNegated: true,
  },
  {
    steps: ['want', 'person', 'beat'],
    gap: 2,
    weights: { violence: 0.75, 'harassment/threatening': 0.6 },
    unless: ['harmless'],
    unlessNegated: true,
  },
  {
    steps: ['want', 'bodyAct', 'person'],
    gap: 3,
    weights: { violence: 0.85, sexual: 0.5, 'harassment/threatening': 0.7 },
    unless: ['protect'],
    unlessNegated: true,
  },
  {
    steps: ['bodyAct', 'you'],
    gap: 2,
    anyOrder: true,
    weights: { violence: 0.7, 'harassment/threatening': 0.75 },
    unless: ['protect'],
  },
  { steps: ['kill', 'kill'], gap: 6, weights: { violence: 0.2 }, unless: ['harmless'] },

  // Insults.
  {
    steps: ['bitchWord'],
    gap: 0,
    weights: { profanity: 0.75, harassment: 0.45 },
    unless: ['dog'],
  },
  { steps: ['you', 'bitchWord'], gap: 3, weights: { harassment: 0.7 }, unless: ['dog'] },
  { steps: ['bitchWord', 'you'], gap: 1, weights: { harassment: 0.6 }, unless: ['dog'] },
  { steps: ['insult', 'bitchWord'], gap: 2, anyOrder: true, weights: { harassment: 0.6 } },
  { steps: ['you', 'insult'], gap: 3, weights: { harassment: 0.7 }, unlessNegated: true },
  { steps: ['insult', 'you'], gap: 1, weights: { harassment: 0.6 }, unlessNegated: true },
  { steps: ['you', 'slur'], gap: 3, weights: { hate: 0.75, harassment: 0.8 } },
  { steps: ['insult', 'insult'], gap: 2, weights: { harassment: 0.55 } },

  // Hate.
  { steps: ['hateVerb', 'group'], gap: 3, weights: { hate: 0.75 }, unlessNegated: true },
  { steps: ['hateVerb', 'softGroup'], gap: 2, weights: { hate: 0.55 }, unlessNegated: true },
  { steps: ['hateVerb', 'slur'], gap: 3, weights: { hate: 0.9 } },
  {
    steps: ['exterminate', 'group'],
    gap: 2,
    weights: { 'hate/threatening': 0.6, violence: 0.6 },
    unless: ['protect'],
    unlessNegated: true,
  },
  {
    steps: ['exterminate', 'all', 'group'],
    gap: 2,
    weights: { 'hate/threatening': 0.9, violence: 0.85 },
    unlessNegated: true,
  },
  {
    steps: ['exterminate', 'all', 'softGroup'],
    gap: 2,
    weights: { 'hate/threatening': 0.75, violence: 0.8 },
    unlessNegated: true,
  },
  { steps: ['exterminate', 'slur'], gap: 2, anyOrder: true, weights: { 'hate/threatening': 0.9, violence: 0.8 } },
  { steps: ['death', 'group'], gap: 2, weights: { 'hate/threatening': 0.75, violence: 0.6 }, unless: ['protect'] },
  {
    steps: ['group', 'want', 'shouldDie'],
    gap: 3,
    weights: { 'hate/threatening': 0.85, violence: 0.6 },
    unlessNegated: true,
  },
  {
    steps: ['group', 'want', 'exterminate'],
    gap: 2,
    weights: { 'hate/threatening': 0.8, violence: 0.7 },
    unlessNegated: true,
  },
  { steps: ['group', 'dehumanize'], gap: 3, weights: { hate: 0.6 }, unlessNegated: true, unless: ['protect'] },
  { steps: ['all', 'group', 'dehumanize'], gap: 3, weights: { hate: 0.8 }, unlessNegated: true },
  { steps: ['group', 'insult'], gap: 3, weights: { hate: 0.65 }, unlessNegated: true },
  { steps: ['insult', 'group'], gap: 1, weights: { hate: 0.65 }, unlessNegated: true },

  {
    steps: ['softGroup', 'want', 'shouldDie'],
    gap: 3,
    weights: { 'hate/threatening': 0.75, violence: 0.6 },
    unlessNegated: true,
  },
  { steps: ['death', 'slur'], gap: 2, weights: { 'hate/threatening': 0.85, violence: 0.6 } },

  // Self-harm.
  { steps: ['howto', 'suicide'], gap: 4, weights: { 'self-harm/instructions': 0.85 }, unless: ['protect'] },
  {
    steps: ['want', 'suicide'],
    gap: 3,
    weights: { 'self-harm/intent': 0.75 },
    unless: ['protect'],
    unlessNegated: true,
  },

  {
    steps: ['wish', 'die'],
    gap: 2,
    weights: { 'self-harm/intent': 0.85 },
    unless: ['joke'],
    unlessNegated: true,
  },

  // Minors.
  {
    steps: ['sexualMinor', 'bare'],
    gap: 2,
    anyOrder: true,
    weights: { 'sexual/minors': 0.7 },
    unless: ['protect'],
    unlessNegated: true,
  },
  { steps: ['minor', 'bare', 'media'], gap: 3, weights: { 'sexual/minors': 0.75 }, unless: ['protect'] },
  { steps: ['media', 'bare', 'minor'], gap: 3, weights: { 'sexual/minors': 0.75 }, unless: ['protect'] },
  { steps: ['minor', 'bare'], gap: 2, anyOrder: true, weights: { 'sexual/minors': 0.35 }, unless: ['protect'] },
  {
    steps: ['minor', 'sexCore'],
    gap: 3,
    anyOrder: true,
    weights: { 'sexual/minors': 0.85 },
    unless: ['protect'],
    unlessNegated: true,
  },
  {
    steps: ['minor', 'sexMild'],
    gap: 2,
    anyOrder: true,
    weights: { 'sexual/minors': 0.6 },
    unless: ['protect'],
    unlessNegated: true,
  },
  {
    steps: ['minor', 'rape'],
    gap: 3,
    anyOrder: true,
    weights: { 'sexual/minors': 0.6, violence: 0.5 },
    unless: ['protect'],
  },

  // Wrongdoing.
  {
    steps: ['howto', 'make', 'bomb'],
    gap: 4,
    weights: { 'illicit/violent': 0.9 },
    unless: ['bath', 'harmless', 'protect'],
  },
  {
    steps: ['make', 'bomb'],
    gap: 2,
    weights: { 'illicit/violent': 0.55 },
    unless: ['bath', 'harmless', 'protect'],
    unlessNegated: true,
  },
  { steps: ['howto', 'make', 'weapon'], gap: 3, weights: { 'illicit/violent': 0.75 }, unless: ['harmless', 'protect'] },
  { steps: ['howto', 'make', 'poison'], gap: 3, weights: { 'illicit/violent': 0.7 }, unless: ['harmless', 'protect'] },
  {
    steps: ['howto', 'kill', 'person'],
    gap: 3,
    weights: { 'illicit/violent': 0.85, violence: 0.7 },
    unless: ['harmless', 'protect', 'joke'],
  },
  {
    steps: ['howto', 'person', 'kill'],
    gap: 3,
    weights: { 'illicit/violent': 0.85, violence: 0.7 },
    unless: ['harmless', 'protect', 'joke'],
  },
  { steps: ['howto', 'make', 'drug'], gap: 4, weights: { illicit: 0.85, drugs: 0.8 }, unless: ['protect'] },
  { steps: ['make', 'drug'], gap: 2, weights: { illicit: 0.6 }, unless: ['protect'] },
  { steps: ['trade', 'drug'], gap: 2, anyOrder: true, weights: { illicit: 0.7, drugs: 0.8 }, unless: ['protect'] },
  { steps: ['trade', 'bomb'], gap: 2, weights: { 'illicit/violent': 0.65 }, unless: ['bath', 'harmless', 'protect'] },
];
