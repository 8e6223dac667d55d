// A follow document as JSON, written as it comes: the head, one entry a line, the tail.
import type { FollowEntry, FollowHead, FollowTail } from '../state/follow/document.ts';

export class FollowJson {
  readonly #write: (text: string) => void;
  #entries = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  begin(head: FollowHead): void {
    const text = JSON.stringify(head, null, 1);
    this.#write(`${text.slice(0, -2)},\n "entries": [`);
  }

  entry(entry: FollowEntry): void {
    this.#write(`${this.#entries++ === 0 ? '\n' : ',\n'}  ${JSON.stringify(entry)}`);
  }

  end(tail: FollowTail): void {
    const { entries, ...rest } = tail;
    const text = JSON.stringify({ count: entries, ...rest }, null, 1);
    this.#write(`${this.#entries === 0 ? '' : '\n '}],${text.slice(1)}\n`);
  }
}
