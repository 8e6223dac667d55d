// Turns bytes into strings, each distinct short string once, so that names repeated a million times cost no allocation.

const LONG = 64;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const BUCKETS = 4096;
/** Beyond this many strings the table no longer grows: the input has no repeating names. */
const MAX_STRINGS = 65_536;

export class StringTable {
  readonly #buckets: (string[] | undefined)[] = new Array<string[] | undefined>(BUCKETS).fill(undefined);
  #size = 0;

  /** The text of `length` bytes at `from`, up to the first NUL. */
  intern(view: DataView, from: number, length: number): string {
    let end = from;
    const limit = from + length;
    let hash = length;
    let ascii = true;
    for (; end < limit; end++) {
      const byte = view.getUint8(end);
      if (byte === 0) break;
      if (byte >= 0x80) ascii = false;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (!ascii || end - from > LONG) return decode(view, from, end);
    const index = (hash ^ (hash >>> 15)) & (BUCKETS - 1);
    const bucket = this.#buckets[index];
    if (bucket !== undefined) {
      for (let i = 0; i < bucket.length; i++) {
        const text = bucket[i];
        if (text !== undefined && matches(text, view, from, end)) return text;
      }
    }
    const text = decode(view, from, end);
    if (this.#size < MAX_STRINGS) {
      this.#size++;
      if (bucket === undefined) this.#buckets[index] = [text];
      else bucket.push(text);
    }
    return text;
  }
}

function matches(text: string, view: DataView, from: number, end: number): boolean {
  if (text.length !== end - from) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== view.getUint8(from + i)) return false;
  return true;
}

function decode(view: DataView, from: number, end: number): string {
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + from, end - from));
}
