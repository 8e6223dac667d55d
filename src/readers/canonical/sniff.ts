// Tells the canonical spellings apart by their first bytes.
import { TRACE_FORMAT } from '../../trace/header.ts';

const FORMAT_NAME = TRACE_FORMAT.slice(0, TRACE_FORMAT.indexOf('@') + 1);

export type Spelling = 'json' | 'jsonl' | 'csv';

/** The spelling of a canonical trace that begins with `head`; undefined when it is none. */
export function sniffSpelling(head: Uint8Array): Spelling | undefined {
  const text = new TextDecoder()
    .decode(head)
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text.startsWith('#'))
    return text.slice(0, text.indexOf('\n') + 1 || undefined).includes(FORMAT_NAME) ? 'csv' : undefined;
  if (!text.startsWith('{') || !text.includes(`"${FORMAT_NAME}`)) return undefined;
  return keyAtTop(text, 'events') ? 'json' : 'jsonl';
}

/** The object that `text` begins with has the key, as far as it can be seen before the object or the text ends. */
function keyAtTop(text: string, key: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const from = at + 1;
      for (at = from; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
      if (depth === 1 && text.slice(from, at) === key && /^\s*:/.test(text.slice(at + 1, at + 20))) return true;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      depth--;
      if (depth === 0) return false;
    }
  }
  // The head ends inside the header: a header line is one line, a document usually is not.
  return text.includes('\n');
}
