// Reads `.csv`: the header as JSON behind `#`, a row of column names, then one event a row; empty cells are absent.
import { parse } from 'csv-parse/sync';
import { InputError } from '../../errors.ts';
import { ByteWindow } from '../../input/byte-window.ts';
import type { Source } from '../../input/source.ts';
import type { TraceHeader } from '../../trace/header.ts';
import { FIELDS, type FieldName } from '../../trace/vocabulary/fields.ts';
import type { EventSink, OpenTrace, ReaderOptions } from '../reader.ts';
import { CanonicalTrace } from './canonical-trace.ts';
import { eventScanner, SCAN_SLACK } from './event-scanner.ts';
import { parseHeader } from './header.ts';

export async function openCsv(source: Source, options: ReaderOptions): Promise<OpenTrace> {
  const window = new ByteWindow(source, options.chunkBytes);
  const header = await parseHeader(source.path, 'header (the lines that begin with #)', readHeaderLines(window));
  return new CsvTrace(source, header, options);
}

/** The text behind the `#` of the first lines. */
function readHeaderLines(window: ByteWindow): string {
  const lines: string[] = [];
  for (let end = window.lineEnd(); end >= 0 && window.bytes[window.start] === 0x23; end = window.lineEnd()) {
    lines.push(window.text(window.start + 1, end));
    window.nextLine(end);
  }
  return lines.join('\n');
}

class CsvTrace extends CanonicalTrace {
  readonly format = 'csv';
  readonly #scanner = eventScanner();
  readonly #encoder = new TextEncoder();

  constructor(source: Source, header: TraceHeader, options: ReaderOptions) {
    super(source, header, options);
  }

  protected override readEvents(sink: EventSink): void {
    const window = new ByteWindow(this.source, this.options.chunkBytes);
    readHeaderLines(window);
    let columns: readonly Column[] | undefined;
    for (let end = window.lineEnd(); end >= 0; end = window.lineEnd()) {
      const { line } = window;
      const text = window.text(window.start, end).replace(/\r$/, '');
      window.nextLine(end);
      if (text === '') continue;
      // Most rows have no quotes; the others are for csv-parse.
      const row = text.includes('"')
        ? this.#quotedRow(window, text, line)
        : text.split(',').map((cell) => (cell === '' ? null : cell));
      if (columns === undefined) columns = this.#columns(row, line);
      else if (!this.#event(sink, columns, row, line)) return;
    }
  }

  /** A row with quoted cells, which may go on over several lines. */
  #quotedRow(window: ByteWindow, firstLine: string, line: number): Row {
    let text = firstLine;
    for (let end = window.lineEnd(); end >= 0 && countQuotes(text) % 2 === 1; end = window.lineEnd()) {
      text += `\n${window.text(window.start, end)}`;
      window.nextLine(end);
    }
    try {
      // An empty cell is an absent field; a quoted empty cell is an empty text.
      const cast = (value: string, { quoting }: { quoting: boolean }): string | null =>
        value === '' && !quoting ? null : value;
      const [row] = parse(text, { relax_column_count: true, cast }) as unknown as Row[];
      return row ?? [];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InputError({ code: 'bad-csv', path: this.source.path, position: `line ${line}` }, `not CSV: ${reason}`);
    }
  }

  #columns(row: Row, line: number): readonly Column[] {
    const columns = row.map((cell): Column => {
      const name = cell ?? '';
      if (name === 'ts' || name === 'cpu' || name === 'type') return { name, quoted: name === 'type' };
      if (!Object.hasOwn(FIELDS, name)) {
        throw new InputError(
          {
            code: 'bad-header',
            path: this.source.path,
            position: `line ${line}`,
            found: JSON.stringify(name),
            hint: 'scx-check schema lists the fields',
          },
          'unknown column',
        );
      }
      const { kind } = FIELDS[name as FieldName];
      return { name, quoted: kind !== 'int' && kind !== 'uint' && kind !== 'bool' };
    });
    for (const name of ['ts', 'cpu', 'type']) {
      if (!columns.some((column) => column.name === name)) {
        throw new InputError(
          { code: 'bad-header', path: this.source.path, position: `line ${line}`, expected: `a column "${name}"` },
          'a column is missing',
        );
      }
    }
    return columns;
  }

  /** A row becomes the JSON of its event, so that all spellings are read and checked by one scanner. */
  #event(sink: EventSink, columns: readonly Column[], row: Row, line: number): boolean {
    const parts: string[] = [];
    for (const [i, cell] of row.entries()) {
      if (cell === null) continue;
      const column = columns[i];
      if (column === undefined) {
        throw new InputError(
          {
            code: 'bad-csv',
            path: this.source.path,
            position: `line ${line}`,
            expected: `${columns.length} cells`,
            found: String(row.length),
          },
          'the row has too many cells',
        );
      }
      parts.push(`"${column.name}":${column.quoted ? JSON.stringify(cell) : cell}`);
    }
    const text = `{${parts.join(',')}}`;
    const bytes = this.#encoder.encode(text + SLACK);
    const end = bytes.length - SCAN_SLACK;
    if (this.#scanner.scan(bytes, 0, end, this.event) !== end) throw this.badEvent(line, text);
    return this.deliver(sink, this.#scanner.tsHi, this.#scanner.tsLo, line);
  }
}

const SLACK = ' '.repeat(SCAN_SLACK);

interface Column {
  readonly name: string;
  /** The cell is text in JSON. */
  readonly quoted: boolean;
}

/** Cells of a row; null is an empty cell. */
type Row = readonly (string | null)[];

function countQuotes(text: string): number {
  let n = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) n++;
  return n;
}
