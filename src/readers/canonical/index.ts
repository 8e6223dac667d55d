// Readers for the canonical spellings: they recognise them, and load the rest when it is needed.
import { defineReader } from '../reader.ts';
import { sniffSpelling } from './sniff.ts';

export const canonicalJson = defineReader({
  id: 'json',
  title: 'canonical trace, one JSON document',
  sniff: (head) => (sniffSpelling(head) === 'json' ? 0.9 : 0),
  open: async (source, options) => (await import('./json-trace.ts')).openJson(source, options),
});

export const canonicalJsonl = defineReader({
  id: 'jsonl',
  title: 'canonical trace, one JSON object a line',
  sniff: (head) => (sniffSpelling(head) === 'jsonl' ? 0.9 : 0),
  open: async (source, options) => (await import('./jsonl-trace.ts')).openJsonl(source, options),
});

export const canonicalCsv = defineReader({
  id: 'csv',
  title: 'canonical trace, one CSV row an event',
  sniff: (head) => (sniffSpelling(head) === 'csv' ? 0.9 : 0),
  open: async (source, options) => (await import('./csv-trace.ts')).openCsv(source, options),
});
