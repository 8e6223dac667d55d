// Places in inputs, as results spell them, for formats that want numbers.
import { positionOf, type ResultFinding } from '../findings/result.ts';

export interface Place {
  /** Line of a text input, from 1. */
  readonly line?: number;
  /** Byte of a binary input. */
  readonly byte?: number;
}

/** `line 12`, `CPU 1, byte 1306720`; anything else is no place. */
export function placeOf(position: string | null): Place {
  const line = /^line (\d+)/.exec(position ?? '')?.[1];
  if (line !== undefined) return { line: Number(line) };
  const byte = /\bbyte (\d+)/.exec(position ?? '')?.[1];
  return byte === undefined ? {} : { byte: Number(byte) };
}

/** Place of the event at which a finding was reported. */
export function placeOfFinding(finding: ResultFinding): Place {
  return placeOf(positionOf(finding));
}

/** A path as a URI reference: relative paths stay relative. */
export function uriOf(path: string): string {
  if (path === '-') return 'stdin';
  const encoded = path
    .replaceAll('\\', '/')
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded.replace(/^\.\//, '');
}

/** An input that gave no result. */
export interface FailedInput {
  readonly path: string;
  readonly error: string;
}
