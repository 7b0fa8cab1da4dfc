import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeployedAlarm, DeployedQueue } from '../../lib/adapters/aws/deployment-reader.ts';
import type { Deployment } from '../../cli/doctor/installation.ts';
import type { FunctionName } from '../../lib/functions.ts';
import { deliver, type ReceiverHandler } from '../support/deliver.ts';
import { Gateway } from '../support/gateway.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { startTestbed, type Testbed, type TestbedOptions } from '../support/testbed.ts';

export const SECRET_NAME = 'kargo/demo/bitbucket';
export const SECRET = 'a-secret-of-more-than-sixteen-bytes';

/** A deployment whose parts a test can break: the functions on the fakes, and what the fakes do not serve as canned answers. */
export class DoctorWorld implements Deployment {
  readonly name = 'kargo';
  readonly gateway = new Gateway();
  /** Environment of each function that is deployed. */
  environments: Partial<Record<FunctionName, Record<string, string>>> = {};
  activeAlarms: DeployedAlarm[] = [];
  logLines: string[] = [];
  queueState: DeployedQueue = { waiting: 0, deadLetters: 0 };
  otherSecrets: string[] = [];
  /** Answer of the public URL, instead of the receiver's. */
  publicAnswer: { readonly status: number; readonly text: string } | undefined;
  /** Answers of the cluster by path, for what the fake does not serve; undefined: not found. */
  clusterAnswers: Record<string, unknown> = {};
  /** Rights that are not granted, as `group verb resource`. */
  readonly denied = new Set<string>();
  testbed!: Testbed;
  #handler!: ReceiverHandler;
  #settings: Record<string, string> = {};
  readonly #public: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers, url: path = '' } = request;
      const delivery = {
        path,
        body: Buffer.concat(chunks),
        event: null,
        signature: null,
        headers: headers as Record<string, string>,
      };
      void deliver(this.#handler, delivery).then(({ status = 500, body }) => {
        const answer = this.publicAnswer ?? { status, text: JSON.stringify(body) };
        response.writeHead(answer.status).end(answer.text);
      });
    });
  });

  /**
   * Starts a healthy deployment.
   *
   * @param startBed - starts its dependencies
   */
  async start(startBed: (options: TestbedOptions) => Promise<Testbed> = startTestbed): Promise<void> {
    this.#public.listen(0, '127.0.0.1');
    await Promise.all([once(this.#public, 'listening'), this.gateway.start()]);
    const base = `http://127.0.0.1:${(this.#public.address() as AddressInfo).port}`;
    const settings = { RECEIVER_BASE_URL: base, ROUTES_API_ID: 'api' };
    const queue = { RETRY_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/kargo-retry' };
    this.testbed = await startBed({
      objects: [...project('demo'), warehouse('demo', 'main')],
      secrets: { [SECRET_NAME]: SECRET },
      settings: { ...settings, AWS_ENDPOINT_URL_APIGATEWAYV2: this.gateway.url },
    });
    this.#handler = await this.testbed.receiver();
    this.#settings = { ...settings, ...queue, KUBECONFIG: this.testbed.kubeconfig };
    this.environments = this.healthyEnvironments();
    this.activeAlarms = [alarm('server-errors', false), alarm('missing-routes', false)];
    this.clusterAnswers = {
      '/version': { major: '1', minor: '33', gitVersion: 'v1.33.2' },
      '/apis/apps/v1/deployments': {
        items: [{ metadata: { namespace: 'kargo', labels: { 'app.kubernetes.io/version': 'v1.11.0' } } }],
      },
      '/api/v1/namespaces/kargo/configmaps': {
        items: [{ data: { EXTERNAL_WEBHOOK_SERVER_BASE_URL: base } }],
      },
      '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations': {
        items: [{ webhooks: [{ name: 'promotion.kargo.akuity.io' }] }],
      },
      '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/kargo-front-door-receiver': {},
      '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/kargo-front-door-receiver': {},
    };
    this.repairCluster();
    await this.testbed.reconcile();
  }

  async stop(): Promise<void> {
    await this.testbed.close();
    await this.gateway.stop();
    this.#public.close();
    this.#public.closeAllConnections();
  }

  /** Returns the environments of the healthy deployment. */
  healthyEnvironments(): typeof this.environments {
    return { receiver: { ...this.#settings }, reconciler: { ...this.#settings } };
  }

  restoreEnvironments(): void {
    this.environments = this.healthyEnvironments();
  }

  /** Sets a variable of every function. */
  setAll(name: string, value: string): void {
    for (const environment of Object.values(this.environments)) environment[name] = value;
  }

  /** Replaces what the cluster answers at a path; undefined: not found. */
  answer(path: string, content: unknown): void {
    this.clusterAnswers[path] = content;
  }

  async replaceSecret(text: string): Promise<void> {
    await this.testbed.secrets.rotate(SECRET_NAME, text);
  }

  get base(): string {
    return this.#settings['RECEIVER_BASE_URL'] ?? '';
  }

  /** Ends every fault of the cluster. */
  repairCluster(): void {
    this.testbed.cluster.fault = (request) => this.#answer(request);
  }

  #answer({ method, path: pathAndQuery, body, headers }: PassingRequest): ProxyFault | undefined {
    const path = pathAndQuery.replace(/\?.*/, '');
    if (method === 'POST' && path === '/apis/authorization.k8s.io/v1/subjectaccessreviews') {
      // As the API server does: the metadata alone have no status.
      if (headers.accept?.includes('as=')) return { kind: 'answer', status: 201, body: { metadata: {} } };
      const { groups, resourceAttributes: right } = (
        JSON.parse(body) as { spec: { groups: string[]; resourceAttributes: Record<string, string> } }
      ).spec;
      const allowed = !this.denied.has(`${groups[0]} ${right['verb']} ${right['resource']}`);
      return { kind: 'answer', status: 201, body: { status: { allowed } } };
    }
    const answer = this.clusterAnswers[path];
    return answer === undefined ? undefined : { kind: 'answer', status: 200, body: answer };
  }

  async region(): Promise<string> {
    return 'us-east-1';
  }

  async environmentOf(name: FunctionName): Promise<Record<string, string> | undefined> {
    return this.environments[name];
  }

  async alarms(): Promise<DeployedAlarm[]> {
    return this.activeAlarms;
  }

  async queue(): Promise<DeployedQueue> {
    return this.queueState;
  }

  async secretNames(): Promise<string[]> {
    return [SECRET_NAME, ...this.otherSecrets];
  }

  async receiverLines(): Promise<{ lines: string[]; isComplete: boolean }> {
    return { lines: this.logLines, isComplete: true };
  }
}

export function alarm(id: string, isAlarming: boolean, hasActions = true): DeployedAlarm {
  return { name: `kargo-${id}`, isAlarming, description: `${id} has started`, hasActions };
}
