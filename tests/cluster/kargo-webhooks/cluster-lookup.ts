import { Agent } from 'node:https';
import { callApi, type ApiAnswer, type ApiRequest, type ApiTarget } from '../api-client.ts';
import type { AdmissionRequest, KargoObject } from './admission-review.ts';

/** The requests with which Kargo's webhooks look up objects and rights, as administrator. */
export class ClusterLookup {
  readonly #target: ApiTarget;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(target: ApiTarget) {
    this.#target = target;
  }

  async findStage(namespace: string, name: string): Promise<KargoObject | undefined> {
    const path = `/apis/kargo.akuity.io/v1alpha1/namespaces/${namespace}/stages/${name}`;
    const { code, body } = await this.#send({ path });
    return code === 404 ? undefined : (body as KargoObject);
  }

  /** Checks by SubjectAccessReview whether the user has the verb `promote` on the Stage. */
  async mayPromote(user: AdmissionRequest['userInfo'], namespace: string, stage: string): Promise<boolean> {
    const { body } = await this.#send({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: user.username,
          groups: user.groups,
          resourceAttributes: {
            group: 'kargo.akuity.io',
            resource: 'stages',
            name: stage,
            verb: 'promote',
            namespace,
          },
        },
      },
    });
    return (body.status as { allowed: boolean }).allowed;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(request: ApiRequest): Promise<ApiAnswer> {
    const answer = await callApi(this.#target, { ...request, agent: this.#agent });
    if (answer.code >= 300 && answer.code !== 404) throw new Error(`${request.path}: ${answer.text}`);
    return answer;
  }
}
