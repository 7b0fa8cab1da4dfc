import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationSchema } from './configuration-schema.ts';
import { PACKAGE_ROOT } from './package-paths.ts';

/** Writes the JSON Schema of the configuration file: `npm run schema`. */
const documentation = readFileSync(join(PACKAGE_ROOT, 'docs', 'settings.md'), 'utf8');
const schema = JSON.stringify(configurationSchema(documentation), undefined, 2);
writeFileSync(join(PACKAGE_ROOT, 'front-door.schema.json'), `${schema}\n`);
