// Version of the program, from its package.
import manifest from '../package.json?raw';

export const VERSION = String((JSON.parse(manifest) as { version: unknown }).version);
