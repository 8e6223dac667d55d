// What is remembered of a value belongs to its row and to all of its bytes.
import { describe, expect, test } from 'vitest';
import { MAX_CACHED, ValueCache } from '../../../src/readers/canonical/value-cache.ts';

const viewOf = (text: string): DataView => {
  const bytes = new Uint8Array(text.length + 64);
  bytes.set(new TextEncoder().encode(text));
  return new DataView(bytes.buffer);
};

describe('a remembered value', () => {
  const values = ['""', '"a"', '"ab"', '"0-15"', '"local"', '"0xff196da280e1dd80"', `"${'x'.repeat(MAX_CACHED - 2)}"`];

  test.each(values)('%s is held in its row only', (value) => {
    const cache = new ValueCache();
    const view = viewOf(`${value},"`);
    expect(cache.holds(view, 0, 7, 3)).toBe(false);
    cache.store(view, 0, value.length, 7, 3);
    expect(cache.holds(view, 0, 7, 3)).toBe(true);
    expect(cache.holds(view, 0, 7, 4)).toBe(false);
    expect(cache.holds(viewOf(`${value}}`), 0, 7, 3)).toBe(true);
    for (let i = 0; i < value.length; i++)
      expect(cache.holds(viewOf(`${value.slice(0, i)}!${value.slice(i + 1)}`), 0, 7, 3), String(i)).toBe(false);
  });
});
