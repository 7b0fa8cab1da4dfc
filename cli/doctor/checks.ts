import type { Check } from './check.ts';
import { admissionCheck } from './checks/admission.ts';
import { alarmsCheck } from './checks/alarms.ts';
import { bitbucketWebhooksCheck } from './checks/bitbucket-webhooks.ts';
import { clusterCheck } from './checks/cluster.ts';
import { deliveryCheck } from './checks/delivery.ts';
import { kargoBaseUrlCheck } from './checks/kargo-base-url.ts';
import { kargoCheck } from './checks/kargo.ts';
import { leftoversCheck } from './checks/leftovers.ts';
import { lookupIndexCheck } from './checks/lookup-index.ts';
import { otherDeploymentsCheck } from './checks/other-deployments.ts';
import { previousSecretsCheck } from './checks/previous-secrets.ts';
import { queueCheck } from './checks/queue.ts';
import { receiversCheck } from './checks/receivers.ts';
import { registrarCheck } from './checks/registrar.ts';
import { rightsCheck } from './checks/rights.ts';
import { routesCheck } from './checks/routes.ts';
import { secretsCheck } from './checks/secrets.ts';
import { settingsCheck } from './checks/settings.ts';
import { statusesCheck } from './checks/statuses.ts';

/** Every check, causes before their effects. A new one is a module in checks/ and a line here. */
export const CHECKS: readonly Check[] = [
  settingsCheck,
  clusterCheck,
  kargoCheck,
  kargoBaseUrlCheck,
  admissionCheck,
  rightsCheck,
  receiversCheck,
  secretsCheck,
  statusesCheck,
  routesCheck,
  lookupIndexCheck,
  alarmsCheck,
  queueCheck,
  otherDeploymentsCheck,
  previousSecretsCheck,
  leftoversCheck,
  deliveryCheck,
  bitbucketWebhooksCheck,
  registrarCheck,
];
