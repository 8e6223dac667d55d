// All event formats of a file by id: which events there are, where every record keeps its id, and how long records may be.
import { type EventFormat, type FormatField, parseEventFormat } from './event-format.ts';

/** Ids of events are 16 bit wide. */
export const MAX_EVENT_ID = 65_535;

/** Where every record says what it is: `common_type` and `common_pid` of struct trace_entry. */
export interface CommonFields {
  readonly typeOffset: number;
  readonly pidOffset: number;
}

export class FormatTable {
  readonly #formats = new Map<number, EventFormat>();
  #maxId = 0;
  /** Field lines seen so far. */
  readonly #lines = new Map<string, FormatField>();
  #common: CommonFields | undefined;

  /** Adds the text of a format file; the words for what is wrong with it, or undefined. */
  add(system: string, text: string): string | undefined {
    const format = parseEventFormat(system, text, this.#lines);
    if (format === undefined) return 'an event format has no name and id';
    const { fields, id, name } = format;
    if (id > MAX_EVENT_ID) return `the event ${name} has the impossible id ${id}`;
    const other = this.#formats.get(id);
    if (other !== undefined) return `the events ${other.name} and ${name} have the same id ${id}`;
    const type = fields.get('common_type');
    const pid = fields.get('common_pid');
    if (!isWithinWord(type, 2) || !isWithinWord(pid, 4))
      return `the format of ${name} lacks the fields common_type and common_pid`;
    if (this.#common === undefined) this.#common = { typeOffset: type.offset, pidOffset: pid.offset };
    else if (this.#common.typeOffset !== type.offset || this.#common.pidOffset !== pid.offset)
      return `the format of ${name} keeps its id elsewhere than the others`;
    this.#formats.set(id, format);
    this.#maxId = Math.max(this.#maxId, id);
    return undefined;
  }

  get(id: number): EventFormat | undefined {
    return this.#formats.get(id);
  }

  /** The highest id; 0 when there is no format. */
  get maxId(): number {
    return this.#maxId;
  }

  values(): Iterable<EventFormat> {
    return this.#formats.values();
  }

  /** Undefined when the file has no format at all. */
  get common(): CommonFields | undefined {
    return this.#common;
  }
}

/** The field is there, of that size, and does not straddle two 32-bit words. */
function isWithinWord(field: FormatField | undefined, size: number): field is FormatField {
  return field !== undefined && field.size === size && field.offset % size === 0;
}
