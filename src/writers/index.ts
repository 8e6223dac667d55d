// The canonical spellings that can be written, and how one is chosen by file name.
import { csvWriter } from './csv-writer.ts';
import { jsonWriter } from './json-writer.ts';
import { jsonlWriter } from './jsonl-writer.ts';
import type { WriterSpec } from './writer.ts';

export const WRITERS: readonly WriterSpec[] = [jsonWriter, jsonlWriter, csvWriter];

/** The writer for a path by its ending; undefined when the ending names none. */
export function writerForPath(path: string): WriterSpec | undefined {
  return WRITERS.find((writer) => path.endsWith(writer.extension));
}
