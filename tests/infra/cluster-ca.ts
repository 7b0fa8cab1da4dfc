import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A CA certificate in the form of EKS, of no real cluster. */
export const clusterCa = readFileSync(
  join(import.meta.dirname, '..', 'fixtures', 'certificate', 'ca.pem'),
).toString('base64');
