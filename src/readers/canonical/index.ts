// Readers for the canonical spellings: they recognise them, and load the rest when it is needed.
import { defineReader, type ReaderOptions } from '../reader.ts';
import type { CanonicalOptions } from './canonical-trace.ts';
import { sniffSpelling } from './sniff.ts';

/** About 100,000 events. */
const LONG_TEXT = 16 * 1024 * 1024;

export const canonicalJson = defineReader({
  id: 'json',
  title: 'canonical trace, one JSON document',
  sniff: (head) => (sniffSpelling(head) === 'json' ? 0.9 : 0),
  longFrom: LONG_TEXT,
  open: async (source, options) => (await import('./json-trace.ts')).openJson(source, await withSchema(options)),
});

export const canonicalJsonl = defineReader({
  id: 'jsonl',
  title: 'canonical trace, one JSON object a line',
  sniff: (head) => (sniffSpelling(head) === 'jsonl' ? 0.9 : 0),
  longFrom: LONG_TEXT,
  open: async (source, options) => (await import('./jsonl-trace.ts')).openJsonl(source, await withSchema(options)),
});

export const canonicalCsv = defineReader({
  id: 'csv',
  title: 'canonical trace, one CSV row an event',
  sniff: (head) => (sniffSpelling(head) === 'csv' ? 0.9 : 0),
  longFrom: LONG_TEXT,
  open: async (source, options) => (await import('./csv-trace.ts')).openCsv(source, await withSchema(options)),
});

/** The schema is loaded beforehand for callers that cannot wait when an event turns out to be bad. */
async function withSchema(options: ReaderOptions): Promise<CanonicalOptions> {
  if (options.explainsAtOnce !== true) return options;
  const { eventSchema } = await import('../../trace/event-schema.ts');
  return { ...options, schema: eventSchema };
}
