// Reads `.csv`: the header as JSON behind `#`, a row of column names, then one event a row; empty cells are absent.
import { parse } from 'csv-parse/sync';
import { InputError } from '../../errors.ts';
import { ByteWindow } from '../../input/byte-window.ts';
import type { Source } from '../../input/source.ts';
import type { TraceHeader } from '../../trace/header.ts';
import { FIELDS, type FieldName } from '../../trace/vocabulary/fields.ts';
import type { EventSink, OpenTrace } from '../reader.ts';
import { type CanonicalOptions, CanonicalTrace } from './canonical-trace.ts';
import { type EventScanner, SCAN_SLACK } from './event-scanner.ts';
import { parseHeader } from './header.ts';

/** A row whose quotes are open longer than this many characters has lost a quote. */
const MAX_ROW = 1 << 20;

const HASH = 0x23;

export async function openCsv(source: Source, options: CanonicalOptions): Promise<OpenTrace> {
  const window = new ByteWindow(source, options.chunkBytes);
  const text = readHeaderLines(window);
  const header = await parseHeader(source.path, `header (the ${window.line - 1} lines that begin with #)`, text);
  return new CsvTrace(source, header, options);
}

/** The text behind the `#` of the first lines. */
function readHeaderLines(window: ByteWindow): string {
  window.skipByteOrderMark();
  const lines: string[] = [];
  for (let end = window.lineEnd(); end >= 0 && window.bytes[window.start] === HASH; end = window.lineEnd()) {
    lines.push(window.text(window.start + 1, end));
    window.nextLine(end);
  }
  return lines.join('\n');
}

interface Column {
  readonly name: string;
  /** The cell is a number or a boolean in JSON, not a text. */
  readonly isBare: boolean;
}

/** Cells of a row; null is an empty cell. */
type Row = readonly (string | null)[];

class CsvTrace extends CanonicalTrace {
  readonly format = 'csv';
  readonly #encoder = new TextEncoder();

  constructor(source: Source, header: TraceHeader, options: CanonicalOptions) {
    super(source, header, options);
  }

  protected override readEvents(sink: EventSink, scanner: EventScanner): void {
    const window = new ByteWindow(this.source, this.options.chunkBytes);
    readHeaderLines(window);
    let columns: readonly Column[] | undefined;
    for (let end = window.lineEnd(); end >= 0; end = window.lineEnd()) {
      const { line } = window;
      const text = window.text(window.start, end);
      window.nextLine(end);
      if (text === '' || text === '\r') continue;
      // Most rows have no quotes; the others are for csv-parse.
      const row = text.includes('"') ? this.#quotedRow(window, text, line) : plainRow(text);
      if (columns === undefined) columns = this.#columns(row, line);
      else if (!this.#event(sink, scanner, columns, row, line)) return;
    }
    if (columns === undefined) throw this.truncated(window.line, 'a row with the names of the columns');
  }

  /** A row with quoted cells, which may go on over several lines. */
  #quotedRow(window: ByteWindow, firstLine: string, line: number): Row {
    let text = firstLine;
    let isOpen = hasOddQuotes(firstLine);
    while (isOpen) {
      const end = text.length > MAX_ROW ? -1 : window.lineEnd();
      if (end < 0) {
        throw this.#badCsv(line, 'a quoted cell does not end', {
          expected: 'a closing quote',
          found: text.length > MAX_ROW ? `none within ${MAX_ROW} characters` : 'the end of the file',
        });
      }
      const next = window.text(window.start, end);
      window.nextLine(end);
      text += `\n${next}`;
      if (hasOddQuotes(next)) isOpen = false;
    }
    try {
      // An empty cell is an absent field; a quoted empty cell is an empty text.
      const cast = (value: string, { quoting }: { quoting: boolean }): string | null =>
        value === '' && !quoting ? null : value;
      const options = { relax_column_count: true, record_delimiter: '\n', cast };
      const rows = parse(text.replace(/\r$/, ''), options) as unknown as Row[];
      return rows[0] ?? [];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw this.#badCsv(line, `not CSV: ${reason.replace(/ (?:at|on) line \d+/, '')}`);
    }
  }

  #columns(row: Row, line: number): readonly Column[] {
    const badHeader = (what: string, details: { expected?: string; found?: string; hint?: string }): InputError =>
      new InputError({ code: 'bad-header', path: this.source.path, position: `line ${line}`, ...details }, what);
    const columns = row.map((cell): Column => {
      const name = cell ?? '';
      if (name === 'ts' || name === 'cpu' || name === 'type') return { name, isBare: name !== 'type' };
      if (!Object.hasOwn(FIELDS, name)) {
        const hint = 'scx-check schema lists the fields';
        throw badHeader('unknown column', { found: JSON.stringify(name), hint });
      }
      const { kind } = FIELDS[name as FieldName];
      return { name, isBare: kind === 'int' || kind === 'uint' || kind === 'bool' };
    });
    for (const [i, { name }] of columns.entries())
      if (columns.findIndex((column) => column.name === name) !== i)
        throw badHeader(`the column "${name}" comes twice`, {});
    for (const name of ['ts', 'cpu', 'type'])
      if (!columns.some((column) => column.name === name))
        throw badHeader('a column is missing', { expected: `a column "${name}"`, found: row.join(',').slice(0, 80) });
    return columns;
  }

  /** A row becomes the JSON of its event, so that all spellings are read and checked by one scanner. */
  #event(sink: EventSink, scanner: EventScanner, columns: readonly Column[], row: Row, line: number): boolean {
    if (row.length !== columns.length) {
      const what = `the row has too ${row.length < columns.length ? 'few' : 'many'} cells`;
      throw this.#badCsv(line, what, { expected: `${columns.length} cells`, found: String(row.length) });
    }
    let text = '';
    for (const [i, cell] of row.entries()) {
      const column = columns[i];
      if (cell === null || column === undefined) continue;
      const value = column.isBare && isBareWord(cell) ? cell : JSON.stringify(cell);
      text += `${text === '' ? '{' : ','}"${column.name}":${value}`;
    }
    text = text === '' ? '{}' : `${text}}`;
    const bytes = this.#encoder.encode(text + SLACK);
    const end = bytes.length - SCAN_SLACK;
    if (scanner.scan(bytes, 0, end) !== end) throw this.badEvent(line, text);
    return this.deliver(sink, scanner, line);
  }

  #badCsv(line: number, what: string, details: { expected?: string; found?: string } = {}): InputError {
    return new InputError({ code: 'bad-csv', path: this.source.path, position: `line ${line}`, ...details }, what);
  }
}

const SLACK = '\0'.repeat(SCAN_SLACK);

function plainRow(text: string): Row {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  return line.split(',').map((cell) => (cell === '' ? null : cell));
}

/** An integer or a boolean; anything else would not be what it seems in JSON. */
function isBareWord(cell: string): boolean {
  return /^(?:-?\d+|true|false)$/.test(cell);
}

function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}
