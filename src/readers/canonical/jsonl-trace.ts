// Reads `.jsonl`: the header on the first line, then one event a line.
import { InputError } from '../../errors.ts';
import { ByteWindow } from '../../input/byte-window.ts';
import type { Source } from '../../input/source.ts';
import type { TraceHeader } from '../../trace/header.ts';
import type { EventSink, OpenTrace, ReaderOptions } from '../reader.ts';
import { CanonicalTrace } from './canonical-trace.ts';
import { eventScanner, skipBlanks } from './event-scanner.ts';
import { parseHeader } from './header.ts';

export async function openJsonl(source: Source, options: ReaderOptions): Promise<OpenTrace> {
  const window = new ByteWindow(source, options.chunkBytes);
  const end = window.lineEnd();
  if (end < 0) throw new InputError({ code: 'empty', path: source.path }, 'the file is empty');
  const header = await parseHeader(source.path, 'line 1', window.text(window.start, end));
  return new JsonlTrace(source, header, options);
}

const NEWLINE = 0x0a;

class JsonlTrace extends CanonicalTrace {
  readonly format = 'jsonl';
  readonly #scanner = eventScanner();

  constructor(source: Source, header: TraceHeader, options: ReaderOptions) {
    super(source, header, options);
  }

  protected override readEvents(sink: EventSink): void {
    const window = new ByteWindow(this.source, this.options.chunkBytes);
    window.nextLine(window.lineEnd());
    const scanner = this.#scanner;
    for (;;) {
      const { start, line } = window;
      // Usually the whole line is at hand and ends right behind the event; the rest is done with care.
      let end = scanner.scan(window.bytes, start, window.end, this.event);
      if (end < 0 || end >= window.end || window.bytes[end] !== NEWLINE) {
        end = window.lineEnd();
        if (end < 0) return;
        const { bytes, start: from } = window;
        const behind = scanner.scan(bytes, from, end, this.event);
        if (behind < 0 || skipBlanks(bytes, behind, end) < end) {
          if (skipBlanks(bytes, from, end) < end) throw this.badEvent(line, window.text(from, end));
          window.nextLine(end);
          continue;
        }
      }
      if (!this.deliver(sink, scanner.tsHi, scanner.tsLo, line)) return;
      window.nextLine(end);
    }
  }
}
