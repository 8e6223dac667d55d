// Turns bytes into strings, each distinct short string once, so that names repeated a million times cost no allocation.

const LONG = 64;
const decoder = new TextDecoder();

export class StringTable {
  readonly #buckets = new Map<number, string[]>();

  /** The text of `length` bytes at `from`, up to the first NUL. */
  intern(view: DataView, from: number, length: number): string {
    let end = from;
    const limit = from + length;
    let hash = 0x811c9dc5;
    let ascii = true;
    for (; end < limit; end++) {
      const byte = view.getUint8(end);
      if (byte === 0) break;
      if (byte >= 0x80) ascii = false;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (!ascii || end - from > LONG) return decode(view, from, end);
    const bucket = this.#buckets.get(hash);
    if (bucket !== undefined) {
      for (const text of bucket) if (matches(text, view, from, end)) return text;
    }
    const text = decode(view, from, end);
    if (bucket === undefined) this.#buckets.set(hash, [text]);
    else bucket.push(text);
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
