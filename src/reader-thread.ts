// Entry of the thread that reads long traces ahead.
import { join } from 'node:path';
import { loadWithCodeCache } from './code-cache.ts';

loadWithCodeCache(join(import.meta.dirname, 'program.cjs'));
void import('./readers/thread/serve.ts');
