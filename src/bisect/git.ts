// What a bisection needs of git. Commits are checked out in a work tree of its own, below the git directory: that of the user
// is never touched, and what a build leaves behind serves the next one.
import { spawnSync } from 'node:child_process';
import { UsageError } from '../errors.ts';
import { type Commit, History } from './history.ts';

export class Git {
  /** Top of the user's work tree. */
  readonly top: string;
  /** Git directory that all work trees share, absolute. */
  readonly directory: string;

  /** The repository that `cwd` lies in. */
  constructor(cwd: string) {
    this.top = cwd;
    this.top = this.run(['rev-parse', '--show-toplevel']);
    this.directory = this.run(['rev-parse', '--path-format=absolute', '--git-common-dir']);
  }

  /** Runs git in the user's repository; what it refuses is a UsageError. */
  run(args: readonly string[], cwd = this.top): string {
    const { status, stdout, stderr, error } = spawnSync('git', args, { cwd, encoding: 'utf8', maxBuffer: 1 << 30 });
    if (error !== undefined) throw new UsageError(`git cannot be run: ${error.message}`);
    if (status !== 0) throw new UsageError(`git ${args.join(' ')}: ${stderr.trim()}`);
    return stdout.trim();
  }

  /** Full hash of a commit that the user named. */
  resolve(name: string, option: string): string {
    const hash = this.find(name);
    if (hash === undefined) throw new UsageError(`${option}: ${JSON.stringify(name)} is no commit here`);
    return hash;
  }

  /** Full hash; undefined: there is no such commit. */
  find(name: string): string | undefined {
    const { status, stdout } = spawnSync(
      'git',
      ['rev-parse', '-q', '--verify', '--end-of-options', `${name}^{commit}`],
      {
        cwd: this.top,
        encoding: 'utf8',
      },
    );
    return status === 0 ? stdout.trim() : undefined;
  }

  /** Commits that `bad` contains and no good one does, parents first. */
  history(good: readonly string[], bad: string): History {
    for (const hash of good) {
      const { status } = spawnSync('git', ['merge-base', '--is-ancestor', hash, bad], { cwd: this.top });
      if (status !== 0)
        throw new UsageError(
          `--good ${hash} is no ancestor of --bad ${bad}; name the commit where they part: git merge-base ${hash} ${bad}`,
        );
    }
    const text = this.run([
      'log',
      '--topo-order',
      '--reverse',
      '--format=%H%x1f%P%x1f%s',
      bad,
      ...good.map((hash) => `^${hash}`),
    ]);
    const commits = text.split('\n').flatMap((line): Commit[] => {
      const [hash = '', parents = '', subject = ''] = line.split('\x1f');
      return hash === '' ? [] : [{ hash, subject, parents: parents === '' ? [] : parents.split(' ') }];
    });
    if (commits.length === 0) throw new UsageError('--good and --bad are the same commit');
    return new History(commits);
  }

  /** Commits among `hashes` in the order of history, the oldest first. */
  sorted(hashes: readonly string[]): string[] {
    const wanted = new Set(hashes);
    const text = this.run(['rev-list', '--topo-order', '--reverse', ...hashes]);
    return text.split('\n').filter((hash) => wanted.has(hash));
  }

  /** Checks a commit out in a work tree of its own; files that no commit has stay there. */
  checkout(tree: string, hash: string): void {
    if (spawnSync('git', ['rev-parse', '--is-inside-work-tree'], { cwd: tree }).status === 0)
      this.run(['checkout', '--quiet', '--force', '--detach', hash], tree);
    else {
      this.run(['worktree', 'prune']);
      this.run(['worktree', 'add', '--quiet', '--force', '--detach', tree, hash]);
    }
  }

  removeTree(tree: string): void {
    spawnSync('git', ['worktree', 'remove', '--force', tree], { cwd: this.top });
    spawnSync('git', ['worktree', 'prune'], { cwd: this.top });
  }
}
