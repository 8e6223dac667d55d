// Reads and rewrites expectations: the file beside a trace, or the header of a canonical trace. What an author wrote wrongly
// is a wrong configuration, so it is a UsageError.
import { readFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import { VERDICTS } from '../findings/verdict.ts';
import { parseKernelVersion } from '../kernel/release.ts';
import { findRule } from '../rules/index.ts';
import { EXPECTATION_FORMAT, type ExpectationFile, type ExpectationJson } from '../trace/expectation.ts';
import { isExpectationJson } from '../trace/header-check.ts';

/** Reads an expectation file. */
export async function readExpectation(path: string): Promise<ExpectationJson> {
  const text = readFileSync(path, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { format, ...rest } = typeof json === 'object' && json !== null ? (json as Partial<ExpectationFile>) : {};
  if (format !== EXPECTATION_FORMAT)
    throw new UsageError(`${path}: expected "format": "${EXPECTATION_FORMAT}", found ${JSON.stringify(format)}`);
  if (!isExpectationJson(rest)) {
    const { expectationSchema } = await import('../trace/header-schema.ts');
    const [issue] = expectationSchema.safeParse(rest).error?.issues ?? [];
    const where = issue?.path.join('.') ?? '';
    throw new UsageError(`${path}: ${where === '' ? '' : `"${where}": `}${issue?.message ?? 'not an expectation'}`);
  }
  checkNames(path, rest);
  return rest;
}

/** Names in an expectation that mean nothing would make it pass or fail for the wrong reason. */
export function checkNames(path: string, expectation: ExpectationJson): void {
  const rules = [
    ...(expectation.rules ?? []),
    ...(expectation.evaluated ?? []),
    ...(expectation.findings ?? []).map((finding) => finding.rule),
  ];
  for (const rule of rules) {
    if (findRule(rule) === undefined)
      throw new UsageError(`${path}: there is no rule ${JSON.stringify(rule)}; scx-check rules lists them`);
  }
  const { verdict, kernel } = expectation;
  const version = kernel === undefined ? undefined : parseKernelVersion(kernel);
  if (verdict !== undefined && !VERDICTS.some((name) => name === verdict))
    throw new UsageError(
      `${path}: "verdict": expected one of ${VERDICTS.join(', ')}, found ${JSON.stringify(verdict)}`,
    );
  if (kernel !== undefined && (version === undefined || version.beyond === 'older'))
    throw new UsageError(`${path}: "kernel": ${JSON.stringify(kernel)} is no release that is known`);
}

/** Writes an expectation file, one finding, exit or name a line. */
export function writeExpectation(path: string, expectation: ExpectationJson): void {
  writeFileSync(path, expectationText(expectation));
}

export function expectationText(expectation: ExpectationJson): string {
  const file: ExpectationFile = { format: EXPECTATION_FORMAT, ...expectation };
  const keys = Object.entries(file).map(([key, value]) => {
    if (!Array.isArray(value) || value.length === 0) return `${JSON.stringify(key)}: ${spaced(value)}`;
    return `${JSON.stringify(key)}: [\n${value.map((item) => `  ${spaced(item)}`).join(',\n')}\n]`;
  });
  return `{\n${keys.join(',\n')}\n}\n`;
}

/** JSON on one line, with blanks, as people write it. */
function spaced(value: unknown): string {
  return JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, ' ');
}

/** Rewrites the key `expect` in the header of a canonical trace; everything else stays as it is, byte by byte. */
export function rewriteHeaderExpectation(path: string, expectation: ExpectationJson): void {
  const text = readFileSync(path, 'utf8');
  const span = topLevelValue(text, 'expect');
  if (span === undefined) throw new UsageError(`${path}: the header has no key "expect" to write`);
  writeFileSync(path, `${text.slice(0, span.from)}${spaced(expectation)}${text.slice(span.to)}`);
}

/** Where the value of a key of the first object in `text` lies. */
export function topLevelValue(text: string, key: string): { from: number; to: number } | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const end = stringEnd(text, at);
      const colon =
        depth === 1 && text.slice(at + 1, end - 1) === key ? /^\s*:\s*/.exec(text.slice(end, end + 64)) : null;
      if (colon !== null) {
        const from = end + colon[0].length;
        return { from, to: valueEnd(text, from) };
      }
      at = end - 1;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      depth--;
      if (depth === 0) return undefined;
    }
  }
  return undefined;
}

/** Index behind the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

function valueEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      at = stringEnd(text, at) - 1;
      if (depth === 0) return at + 1;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}
