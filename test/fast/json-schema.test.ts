// Schemas between families: what one vendor demands and another's clients do not give.
import { expect, test } from 'bun:test';
import { heldSchema } from '../../src/wire/anthropic/held-schema.ts';
import { fitsStrict } from '../../src/wire/json-schema.ts';

const city = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
const closed = { ...city, additionalProperties: false };

test('for Anthropic every object is closed, but for one that says otherwise', () => {
  const open = { type: 'object', properties: {}, additionalProperties: true };
  const given = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { a: city, list: { type: 'array', items: city }, any: { oneOf: [city, { type: 'null' }] }, open },
    $defs: { city },
  };
  expect(heldSchema(given)).toEqual({
    type: 'object',
    properties: { a: closed, list: { type: 'array', items: closed }, any: { anyOf: [closed, { type: 'null' }] }, open },
    $defs: { city: closed },
    additionalProperties: false,
  });
});

test('for Anthropic a bound that the vendor refuses is told in words', () => {
  expect(heldSchema({ type: 'integer', minimum: 1, maximum: 9, description: 'Days.' })).toEqual({
    type: 'integer',
    description: 'Days.\n\n{minimum: 1, maximum: 9}',
  });
  expect(heldSchema({ type: 'array', minItems: 2, items: { type: 'string', format: 'regex' } })).toEqual({
    type: 'array',
    items: { type: 'string', description: '{format: "regex"}' },
    description: '{minItems: 2}',
  });
  const fitting = { type: 'array', minItems: 1, items: { type: 'string', format: 'uuid' } };
  expect(heldSchema(fitting)).toEqual(fitting);
});

test('for Anthropic a field that is named as a keyword is a field', () => {
  const given = { type: 'object', properties: { items: { type: 'string' }, minimum: city } };
  expect(heldSchema(given)).toEqual({
    type: 'object',
    properties: { items: { type: 'string' }, minimum: closed },
    additionalProperties: false,
  });
});

test.each([
  ['a closed object with all fields required', closed, true],
  ['an object that is open', city, false],
  ['a field that may be absent', { ...closed, required: [] }, false],
  ['an open object in a list', { type: 'array', items: city }, false],
  ['an open object in a definition', { $defs: { city }, type: 'string' }, false],
  ['a nullable object with a field that may be absent', { ...closed, type: ['object', 'null'], required: [] }, false],
  ['no object at all', { type: 'string' }, true],
])('as a strict schema OpenAI takes %s or not', (_, schema, fits) => {
  expect(fitsStrict(schema)).toBe(fits);
});
