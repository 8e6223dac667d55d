// All readers, and the choice among them by content.
import { InputError, UsageError } from '../errors.ts';
import { readHead, type Source } from '../input/source.ts';
import { canonicalCsv, canonicalJson, canonicalJsonl } from './canonical/index.ts';
import { dumpText } from './dump-text/index.ts';
import { perfetto } from './perfetto/index.ts';
import type { OpenTrace, Reader, ReaderOptions } from './reader.ts';
import { ftraceText, perfScript } from './text/index.ts';
import { traceDat } from './trace-dat/index.ts';
import { wprofJson } from './wprof-json/index.ts';

export const READERS: readonly Reader[] = [
  traceDat,
  canonicalJson,
  canonicalJsonl,
  canonicalCsv,
  ftraceText,
  perfScript,
  perfetto,
  wprofJson,
  dumpText,
];

/** Bytes that a reader sees in order to recognise its format. */
const HEAD_BYTES = 64 * 1024;

/** The reader that recognises the source; an InputError when there is none. */
export function chooseReader(source: Source): Reader {
  if (source.size === 0) {
    throw new InputError(
      { code: 'empty', path: source.path, hint: 'record again, or name another file' },
      'the file is empty',
    );
  }
  const head = readHead(source, HEAD_BYTES);
  let best: Reader | undefined;
  let bestScore = 0;
  for (const reader of READERS) {
    const score = reader.sniff(head);
    if (score > bestScore) {
      best = reader;
      bestScore = score;
    }
  }
  if (best !== undefined) return best;
  throw new InputError(
    {
      code: 'unknown-format',
      path: source.path,
      position: 'byte 0',
      expected: READERS.map((reader) => reader.title).join('; '),
      found: describeHead(head),
      hint: 'a canonical trace begins with its header, {"format":"scx-trace@1"}',
    },
    'not a trace that scx-check can read',
  );
}

/** Opens a trace with the reader that `options.format` names, or that recognises it. An unknown name is a UsageError. */
export async function openTrace(source: Source, options: ReaderOptions = {}): Promise<OpenTrace> {
  return readerOf(source, options.format).open(source, options);
}

/** The reader of that name, or the one that recognises the source. An unknown name is a UsageError. */
export function readerOf(source: Source, format: string | undefined): Reader {
  const reader = format === undefined ? chooseReader(source) : READERS.find(({ id }) => id === format);
  if (reader === undefined)
    throw new UsageError(
      `--input-format: there is no format ${JSON.stringify(format)}; there are ${READERS.map(({ id }) => id).join(', ')}`,
    );
  return reader;
}

function describeHead(head: Uint8Array): string {
  const start = head.subarray(0, 24);
  const printable = start.every(
    (byte) => byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte < 0x7f),
  );
  if (printable) return JSON.stringify(new TextDecoder().decode(start));
  return [...start.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
