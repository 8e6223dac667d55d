// Reads `trace.json`: one object, the header's keys and then `events`. Never holds more than one event of it.
import { InputError } from '../../errors.ts';
import { ByteWindow } from '../../input/byte-window.ts';
import type { Source } from '../../input/source.ts';
import type { TraceHeader } from '../../trace/header.ts';
import type { EventSink, OpenTrace } from '../reader.ts';
import { type CanonicalOptions, CanonicalTrace } from './canonical-trace.ts';
import type { EventScanner } from './event-scanner.ts';
import { parseHeader } from './header.ts';

const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;

export async function openJson(source: Source, options: CanonicalOptions): Promise<OpenTrace> {
  const window = new ByteWindow(source, options.chunkBytes);
  const headerText = readHeaderKeys(source.path, window);
  const header = await parseHeader(source.path, 'header', headerText);
  return new JsonTrace(source, header, options);
}

class JsonTrace extends CanonicalTrace {
  readonly format = 'json';

  constructor(source: Source, header: TraceHeader, options: CanonicalOptions) {
    super(source, header, options);
  }

  protected override readEvents(sink: EventSink, scanner: EventScanner): void {
    const window = new ByteWindow(this.source, this.options.chunkBytes);
    readHeaderKeys(this.source.path, window);
    if (window.peek() === CLOSE_LIST) window.start++;
    else {
      for (;;) {
        const first = window.peek();
        if (first < 0) throw this.truncated(window.line, 'an event or "]"');
        if (first !== OPEN) throw this.#syntax(window, first, 'an event');
        const { line } = window;
        // Usually the whole event is at hand; the rest is done with care.
        let end = scanner.scan(window.bytes, window.start, window.end);
        if (end < 0) {
          end = window.valueEnd();
          if (end < 0) throw this.truncated(line, 'the end of the event that begins here');
          if (scanner.scan(window.bytes, window.start, end) !== end)
            throw this.badEvent(line, window.text(window.start, end));
        }
        if (scanner.passedNewline) window.skipTo(end);
        else window.start = end;
        if (!this.deliver(sink, scanner, line)) return;
        const next = window.peek();
        window.start++;
        if (next === CLOSE_LIST) break;
        if (next < 0) throw this.truncated(window.line, '"," or "]" after the event');
        if (next !== COMMA) throw this.#syntax(window, next, '"," or "]" after the event');
      }
    }
    const last = window.peek();
    if (last < 0) throw this.truncated(window.line, '"}" after the events');
    if (last !== CLOSE) throw this.#syntax(window, last, '"}": the events come last');
    window.start++;
    const rest = window.peek();
    if (rest >= 0) throw this.#syntax(window, rest, 'the end of the file');
  }

  #syntax(window: ByteWindow, byte: number, expected: string): InputError {
    return syntaxError(this.source.path, window.line, byte, expected);
  }
}

/** Reads the keys before `events` and stops inside its list. Returns them as the text of an object. */
function readHeaderKeys(path: string, window: ByteWindow): string {
  const expectByte = (byte: number, expected: string): void => {
    const found = window.peek();
    if (found !== byte) throw syntaxError(path, window.line, found, expected);
    window.start++;
  };
  window.skipByteOrderMark();
  expectByte(OPEN, '"{"');
  const parts: string[] = [];
  for (;;) {
    if (window.peek() === CLOSE && parts.length === 0) break;
    if (window.peek() !== QUOTE) throw syntaxError(path, window.line, window.peek(), 'a key');
    const keyEnd = window.valueEnd();
    if (keyEnd < 0) throw syntaxError(path, window.line, -1, 'the end of a key');
    const key = window.text(window.start, keyEnd);
    window.skipTo(keyEnd);
    expectByte(COLON, '":"');
    if (key === '"events"') {
      expectByte(OPEN_LIST, 'a list of events');
      return `{${parts.join(',')}}`;
    }
    const line = window.peek() < 0 ? 0 : window.line;
    const part = `${key}:${readValue(path, window)}`;
    checkJson(path, line, part);
    parts.push(part);
    const next = window.peek();
    if (next === CLOSE) break;
    if (next !== COMMA) throw syntaxError(path, window.line, next, '"," or "}"');
    window.start++;
  }
  throw new InputError(
    {
      code: 'bad-header',
      path,
      position: `line ${window.line}`,
      expected: 'a key "events" with a list',
      found: 'none',
    },
    'the trace has no events',
  );
}

/** A key and its value are JSON; the place is that of this part, which is lost when the parts are put together. */
function checkJson(path: string, line: number, part: string): void {
  try {
    JSON.parse(`{${part}}`);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/ (?:in JSON )?at position.*$/, '');
    const found = part.length > 80 ? `${part.slice(0, 80)}…` : part;
    throw new InputError(
      { code: 'bad-json', path, position: `line ${line}`, found },
      `the header is no JSON: ${reason}`,
    );
  }
}

/** The text of a header value: an object, list or string, or a bare word such as a number. */
function readValue(path: string, window: ByteWindow): string {
  const first = window.peek();
  if (first < 0) throw syntaxError(path, window.line, -1, 'a value');
  if (first === OPEN || first === OPEN_LIST || first === QUOTE) {
    const end = window.valueEnd();
    if (end < 0) throw syntaxError(path, window.line, -1, 'the end of a value');
    const text = window.text(window.start, end);
    window.skipTo(end);
    return text;
  }
  let end = window.start;
  for (;;) {
    const byte = window.bytes[end] ?? 0;
    if (end < window.end && byte > 0x20 && byte !== COMMA && byte !== CLOSE && byte !== CLOSE_LIST) end++;
    else if (end < window.end) break;
    else {
      const length = end - window.start;
      const isMore = window.fill();
      end = window.start + length;
      if (!isMore) break;
    }
  }
  const text = window.text(window.start, end);
  window.skipTo(end);
  return text;
}

function syntaxError(path: string, line: number, byte: number, expected: string): InputError {
  if (byte < 0) {
    return new InputError(
      {
        code: 'truncated',
        path,
        position: `line ${line}`,
        expected,
        found: 'the end of the file',
        hint: 'the file was cut off; copy or record it again',
      },
      'the file ends too early',
    );
  }
  return new InputError(
    { code: 'bad-json', path, position: `line ${line}`, expected, found: JSON.stringify(String.fromCharCode(byte)) },
    'not the JSON of a trace',
  );
}
