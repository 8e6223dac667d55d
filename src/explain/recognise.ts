// Finds out which check of the kernel a text comes from, whatever stands before and after the message.
import { parseDumpText } from '../dump/parse.ts';
import { ERROR_SITES, type ErrorSite } from '../kernel/error-sites.ts';
import { EXIT_KIND, exitReason } from '../kernel/exit.ts';
import { parseFormat } from '../kernel/format.ts';
import { COMM_LEN } from '../kernel/limits.ts';
import { isAtLeast, RELEASES, type Release } from '../kernel/release.ts';
import { KERNEL_NOTICES, type KernelNotice } from '../kernel/warnings.ts';
import { type FormatTokens, literalLength, matchPrefix, tokenize } from './format-tokens.ts';

/** A text that a site prints, and the releases in which it prints it. */
export interface SiteText {
  readonly format: string;
  readonly tokens: FormatTokens;
  readonly since: Release;
  /** Undefined: to the newest. */
  readonly until: Release | undefined;
}

export interface SiteMatch {
  readonly site: ErrorSite;
  readonly text: SiteText;
  readonly args: readonly string[];
  /** The message is only the beginning of the text. */
  readonly cut: boolean;
  /** Other sites with the very same text. */
  readonly twins: readonly ErrorSite[];
}

/** What the text says about the exit besides its message. */
export interface ExitWords {
  readonly reason: string;
  readonly kind: number | undefined;
  readonly exitCpu: number | undefined;
  /** Name of the scheduler, '' unknown. */
  readonly scheduler: string;
}

export type Recognition =
  | { readonly what: 'site'; readonly message: string; readonly match: SiteMatch; readonly exit: ExitWords | undefined }
  | { readonly what: 'exit'; readonly message: string; readonly site: ErrorSite; readonly exit: ExitWords }
  | { readonly what: 'kind'; readonly message: string; readonly kind: number; readonly exit: ExitWords }
  | {
      readonly what: 'notice';
      readonly message: string;
      readonly notice: KernelNotice;
      readonly tokens: FormatTokens;
      readonly args: readonly string[];
    };

const KINDS = Object.values(EXIT_KIND);
/** Messages are at most 1023 characters; a little more is let through for what stands around them. */
const MAX_MESSAGE = 4096;
/** A cut message counts when so many characters of it are words of the format. */
const FEW_WORDS = 12;

const TEXTS: ReadonlyMap<ErrorSite, readonly SiteText[]> = new Map(ERROR_SITES.map((site) => [site, textsOf(site)]));

/** The texts of a site, newest last; none for exits without a message. */
export function siteTexts(site: ErrorSite): readonly SiteText[] {
  return TEXTS.get(site) ?? [];
}

function textsOf(site: ErrorSite): SiteText[] {
  // Words of a program, such as the reason of a kill, are no words of the site.
  if (literalLength(tokenize(site.format)) === 0) return [];
  const texts: SiteText[] = [];
  let since = site.since;
  for (const old of site.older ?? []) {
    texts.push({ format: old.format, tokens: tokenize(old.format), since, until: old.until });
    since = RELEASES[RELEASES.indexOf(old.until) + 1] ?? since;
  }
  texts.push({ format: site.format, tokens: tokenize(site.format), since, until: site.until });
  return texts;
}

/** The kind of exit that a reason text stands for; undefined for `<UNKNOWN>` and other texts. */
export function kindOfReason(reason: string): number | undefined {
  return KINDS.find((kind) => kind >= EXIT_KIND.UNREG && exitReason(kind) === reason);
}

/**
 * The site that a message comes from. `kind` undefined: any; a kind that is known excludes sites of other kinds. `release`
 * prefers the sites that it has.
 */
export function matchSite(message: string, kind?: number, release?: Release): SiteMatch | undefined {
  const text = message
    .slice(0, MAX_MESSAGE)
    .replace(/\s*\n\s*/g, ' ')
    .trim();
  if (text === '') return undefined;
  const candidates = ERROR_SITES.filter((site) => kind === undefined || site.kind === kind);
  const full = candidates.flatMap((site) =>
    siteTexts(site).flatMap((entry) => {
      const args = parseFormat(entry.format, message) ?? parseFormat(entry.format, text);
      return args !== undefined && plausible(entry.tokens, args) ? [{ site, text: entry, args, cut: false }] : [];
    }),
  );
  const found = best(full, release) ?? best(cutMatches(candidates, text), release);
  if (found === undefined) return undefined;
  const twins = full.filter((other) => other.site !== found.site && other.text.format === found.text.format);
  return { ...found, twins: [...new Set(twins.map(({ site }) => site))] };
}

type Candidate = Omit<SiteMatch, 'twins'>;

function cutMatches(sites: readonly ErrorSite[], text: string): Candidate[] {
  const matches = sites.flatMap((site) =>
    siteTexts(site).flatMap((entry) => {
      const match = matchPrefix(entry.tokens, text);
      if (match === undefined || match.literal < FEW_WORDS || !plausible(entry.tokens, match.args)) return [];
      return [{ candidate: { site, text: entry, args: match.args, cut: true }, literal: match.literal }];
    }),
  );
  const most = Math.max(0, ...matches.map(({ literal }) => literal));
  return matches.filter(({ literal }) => literal === most).map(({ candidate }) => candidate);
}

/** The match that says most; among equals the one that the release has, then the first of the table. */
function best(matches: readonly Candidate[], release: Release | undefined): Candidate | undefined {
  const inRelease = ({ text }: Candidate): boolean =>
    release === undefined ||
    (isAtLeast(release, text.since) && (text.until === undefined || isAtLeast(text.until, release)));
  const score = (match: Candidate): number => literalLength(match.text.tokens) * 2 + (inRelease(match) ? 1 : 0);
  return matches.reduce<Candidate | undefined>(
    (top, match) => (top === undefined || score(match) > score(top) ? match : top),
    undefined,
  );
}

/** Names of tasks are short; anything longer is text that stands before the message. */
function plausible({ literals, conversions }: FormatTokens, args: readonly string[]): boolean {
  return args.every((arg, i) => conversions[i]?.letter !== 's' || literals[i + 1] !== '[' || arg.length <= COMM_LEN);
}

/** Recognises a text: a message, or a line of a log, a tool or a dump that has one; undefined when it is none. */
export function recognise(input: string, release?: Release): Recognition | undefined {
  const text = stripQuotes(input.slice(0, 4 * MAX_MESSAGE).trim());
  if (text === '') return undefined;
  return fromParsed(text, release) ?? fromReason(text, release) ?? fromMessage(text, release);
}

/** EXIT lines, kernel log lines, dumps. */
function fromParsed(text: string, release: Release | undefined): Recognition | undefined {
  const { dumps, exits, log } = parseDumpText(`${text}\n`);
  const [exit] = exits;
  if (exit !== undefined) return ofExit(exit.reason, exit.message, exit.exitCpu, '', release);
  const dump = dumps.find((entry) => entry.reason !== undefined);
  if (dump?.reason !== undefined) {
    const cpu = dump.trigger?.kind === 'exit' ? dump.trigger.exitCpu : undefined;
    return ofExit(dump.reason, dump.message ?? '', cpu, dump.owner?.name ?? '', release);
  }
  for (const line of log) {
    if (line.kind === 'stack-dump') continue;
    const notice = matchNotice(noticeText(line));
    const reasonKind = line.kind === 'disabled' ? kindOfReason(line.text) : undefined;
    const message = log.find((other) => other.kind === 'message' && other.name === line.name);
    if (line.kind === 'disabled' && line.text !== '')
      return ofExit(line.text, message?.text ?? '', undefined, line.name, release, reasonKind);
    if (notice !== undefined) return notice;
    if (line.kind !== 'message') continue;
    const match = matchSite(line.text, undefined, release);
    const exitWords = { reason: '', kind: match?.site.kind, exitCpu: undefined, scheduler: line.name };
    if (match !== undefined) return { what: 'site', message: line.text, match, exit: exitWords };
  }
  return undefined;
}

function noticeText(line: { kind: string; name: string; text: string; sub: boolean; partial: boolean }): string {
  const scheduler = `BPF ${line.sub ? 'sub-scheduler' : 'scheduler'} "${line.name}"`;
  if (line.kind === 'enabled') return `${scheduler} enabled${line.partial ? ' (partial)' : ''}`;
  if (line.kind === 'disabled') return `${scheduler} disabled (${line.text})`;
  return line.name === '' ? line.text : `${line.name}: ${line.text}`;
}

function ofExit(
  reason: string,
  message: string,
  exitCpu: number | undefined,
  scheduler: string,
  release: Release | undefined,
  known?: number,
): Recognition | undefined {
  const kind = known ?? kindOfReason(reason);
  const exit: ExitWords = { reason, kind, exitCpu, scheduler };
  // Messages of BPF programs can say anything, also what the kernel says.
  const match =
    kind === EXIT_KIND.ERROR_BPF || kind === EXIT_KIND.UNREG_BPF ? undefined : matchSite(message, kind, release);
  if (match !== undefined) return { what: 'site', message, match, exit };
  return recogniseKind(message, exit);
}

/** An exit of which only the kind is known: its site when the kind has only one, else the kind itself. */
export function recogniseKind(message: string, exit: ExitWords): Recognition | undefined {
  const { kind } = exit;
  if (kind === undefined) return undefined;
  const site = ERROR_SITES.find((entry) => entry.kind === kind && siteTexts(entry).length === 0);
  return site === undefined ? { what: 'kind', message, kind, exit } : { what: 'exit', message, site, exit };
}

/** `REASON (MSG)`, as the second line of a dump has it, or a reason alone. */
function fromReason(text: string, release: Release | undefined): Recognition | undefined {
  for (const kind of KINDS) {
    if (kind < EXIT_KIND.UNREG) continue;
    const reason = exitReason(kind);
    const at = text.indexOf(reason);
    if (at < 0) continue;
    const rest = text.slice(at + reason.length).trim();
    if (rest === '') return ofExit(reason, '', undefined, '', release);
    const match = /^\(([\s\S]*?)\)?(?: on CPU (\d+))?$/.exec(rest);
    if (match !== null) {
      return ofExit(reason, match[1] ?? '', match[2] === undefined ? undefined : Number(match[2]), '', release);
    }
  }
  return undefined;
}

/** A message alone, or behind words that end with a colon. */
function fromMessage(text: string, release: Release | undefined): Recognition | undefined {
  for (const candidate of candidates(text)) {
    const match = matchSite(candidate, undefined, release);
    if (match !== undefined && !match.cut) return { what: 'site', message: candidate, match, exit: undefined };
    const notice = matchNotice(candidate);
    if (notice !== undefined) return notice;
  }
  for (const candidate of candidates(text)) {
    const match = matchSite(candidate, undefined, release);
    if (match !== undefined) return { what: 'site', message: candidate, match, exit: undefined };
  }
  return undefined;
}

/** The text, and what stands behind each of its colons; without ` on CPU N` and a closing parenthesis. */
function* candidates(text: string): Generator<string> {
  const starts = [0];
  for (let at = text.indexOf(': '); at >= 0 && starts.length < 12; at = text.indexOf(': ', at + 2)) starts.push(at + 2);
  for (const start of starts) {
    const rest = text.slice(start).trim();
    yield rest;
    const short = rest.replace(/\)? on CPU \d+$/, '');
    if (short !== rest) yield short;
    if (rest.endsWith(')')) yield rest.slice(0, -1);
  }
}

function matchNotice(text: string): Recognition | undefined {
  let found: { notice: KernelNotice; tokens: FormatTokens; args: readonly string[] } | undefined;
  for (const notice of KERNEL_NOTICES) {
    const args = parseFormat(notice.format, text);
    const tokens = tokenize(notice.format);
    if (args === undefined || !plausible(tokens, args)) continue;
    if (found === undefined || literalLength(tokens) > literalLength(found.tokens)) found = { notice, tokens, args };
  }
  return found === undefined ? undefined : { what: 'notice', message: text, ...found };
}

function stripQuotes(text: string): string {
  const match = /^(["'`])([\s\S]*)\1$/.exec(text);
  return match === null ? text : (match[2] ?? '').trim();
}
