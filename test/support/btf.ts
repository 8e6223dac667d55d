// Builds the type information (BTF) of a small kernel: ints, pointers, arrays, structs and functions.

interface Member {
  readonly name: string;
  readonly type: number;
  /** Bytes from the beginning. */
  readonly at: number;
}

export class BtfWriter {
  readonly #types: number[] = [];
  #strings = '\0';
  #count = 0;

  int(size: number): number {
    return this.#type('int', 1, 0, size, [size * 8]);
  }

  pointer(to: number): number {
    return this.#type('', 2, 0, to);
  }

  array(of: number, length: number): number {
    return this.#type('', 3, 0, 0, [of, of, length]);
  }

  struct(name: string, members: readonly Member[]): number {
    const words = members.flatMap((member) => [this.#name(member.name), member.type, member.at * 8]);
    return this.#type(name, 4, members.length, 256, words);
  }

  func(name: string, returns: number, args: readonly (readonly [name: string, type: number])[]): void {
    const words = args.flatMap(([arg, type]) => [this.#name(arg), type]);
    const proto = this.#type('', 13, args.length, returns, words);
    this.#type(name, 12, 0, proto);
  }

  finish(): Uint8Array {
    const types = Uint8Array.from(this.#types.flatMap(bytes));
    const strings = Buffer.from(this.#strings, 'latin1');
    const header = [24, 0, types.length, types.length, strings.length].flatMap(bytes);
    return Uint8Array.from([0x9f, 0xeb, 1, 0, ...header, ...types, ...strings]);
  }

  #type(name: string, kind: number, count: number, sizeOrType: number, words: readonly number[] = []): number {
    this.#types.push(this.#name(name), ((kind << 24) | count) >>> 0, sizeOrType, ...words);
    return ++this.#count;
  }

  #name(name: string): number {
    if (name === '') return 0;
    const at = this.#strings.length;
    this.#strings += `${name}\0`;
    return at;
  }
}

function bytes(word: number): number[] {
  return [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24];
}
