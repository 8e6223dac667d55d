// The result document as JSON: the same input gives the same bytes.
import type { ReplayResult } from '../findings/result.ts';

export function renderJson(results: readonly ReplayResult[]): string {
  return `${JSON.stringify(results.length === 1 ? results[0] : results, null, 1)}\n`;
}
