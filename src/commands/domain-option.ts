// `--domain NAME|FILE` and `--set key=value`: how the scheduler keeps vtime. Without them the trace's own header may say it.
import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import type { TraceHeader } from '../trace/header.ts';
import type { Domain } from '../vtime/domain.ts';

export interface DomainOptions {
  readonly domain?: string;
  readonly set?: readonly string[];
}

/** The description that the options ask for. What makes no sense is a UsageError. */
export async function domainOption(options: DomainOptions, header: TraceHeader): Promise<Domain> {
  const { loadDomain } = await import('../vtime/load-domain.ts');
  const { domain, set = [] } = options;
  if (domain === undefined) return loadDomain(header.domain, set);
  return loadDomain(existsSync(domain) ? readDescription(domain) : domain, set);
}

/** What `--domain` stands for in a header: a name, or the description in the file. */
export function domainSource(domain: string | undefined): TraceHeader['domain'] {
  if (domain === undefined || !existsSync(domain)) return domain;
  const description = readDescription(domain);
  if (typeof description !== 'object' || description === null)
    throw new UsageError(`--domain ${domain}: the description is no object`);
  return { ...description };
}

function readDescription(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--domain ${path}: the description is no JSON: ${reason}`);
  }
}

/** The options as they stand on the command line, for commands that show a finding again. */
export function spellDomainOptions({ domain, set = [] }: DomainOptions): string {
  const parts = domain === undefined ? [] : [`--domain ${quote(domain)}`];
  return [...parts, ...set.map((entry) => `--set ${quote(entry)}`)].join(' ');
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
