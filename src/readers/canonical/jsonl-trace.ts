// Reads `.jsonl`: the header on the first line, then one event a line.
import { InputError } from '../../errors.ts';
import { ByteWindow } from '../../input/byte-window.ts';
import type { Source } from '../../input/source.ts';
import type { TraceHeader } from '../../trace/header.ts';
import type { EventSink, OpenTrace } from '../reader.ts';
import { type CanonicalOptions, CanonicalTrace } from './canonical-trace.ts';
import { type EventScanner, skipBlanks } from './event-scanner.ts';
import { parseHeader } from './header.ts';

export async function openJsonl(source: Source, options: CanonicalOptions): Promise<OpenTrace> {
  const window = new ByteWindow(source, options.chunkBytes);
  window.skipByteOrderMark();
  const end = window.lineEnd();
  if (end < 0) throw new InputError({ code: 'empty', path: source.path }, 'the file is empty');
  const header = await parseHeader(source.path, 'line 1', window.text(window.start, end));
  return new JsonlTrace(source, header, options);
}

const NEWLINE = 0x0a;

class JsonlTrace extends CanonicalTrace {
  readonly format = 'jsonl';

  constructor(source: Source, header: TraceHeader, options: CanonicalOptions) {
    super(source, header, options);
  }

  protected override readEvents(sink: EventSink, scanner: EventScanner): void {
    const window = new ByteWindow(this.source, this.options.chunkBytes);
    window.nextLine(window.lineEnd());
    for (;;) {
      const { start, line } = window;
      // Usually the whole line is at hand and ends right behind the event; the rest is done with care.
      let end = scanner.scan(window.bytes, start, window.end);
      if (end < 0 || end >= window.end || window.bytes[end] !== NEWLINE || scanner.passedNewline) {
        end = window.lineEnd();
        if (end < 0) return;
        const { bytes, start: from } = window;
        const behind = scanner.scan(bytes, from, end);
        if (behind < 0 || skipBlanks(bytes, behind, end) < end) {
          if (skipBlanks(bytes, from, end) < end) throw this.#badLine(window, end);
          window.nextLine(end);
          continue;
        }
      }
      if (!this.deliver(sink, scanner, line)) return;
      window.nextLine(end);
    }
  }

  /** The error for the line that ends at `end`; a last line that is no JSON was cut off. */
  #badLine(window: ByteWindow, end: number): InputError {
    const text = window.text(window.start, end);
    if (window.atEnd && end === window.end && !isJson(text))
      return this.truncated(window.line, 'the end of the event that begins here');
    return this.badEvent(window.line, text);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
