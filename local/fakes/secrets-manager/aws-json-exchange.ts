import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { actions } from './actions.ts';
import { asMembers } from './request-members.ts';
import type { SecretCatalog } from './secret-catalog.ts';
import { ServiceError, notSerializable } from './service-error.ts';

const TARGET_PREFIX = 'secretsmanager.';

/**
 * One exchange of the AWS JSON 1.1 protocol: the operation's name is a header, both bodies are JSON, and an error is a 400
 * whose `__type` is its name. Nothing of a request is in an answer or a log except what the operation answers with.
 */
export async function answerAwsJson(
  catalog: SecretCatalog,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await bodyOf(request);
    send(response, 200, perform(catalog, String(request.headers['x-amz-target'] ?? ''), body));
  } catch (error) {
    const known = error instanceof ServiceError;
    // The message of an unforeseen error may quote what it failed on, which may be a secret.
    const type = known ? error.type : 'InternalServiceError';
    const Message = known ? error.message : 'An error occurred on the server side.';
    send(response, known ? 400 : 500, { __type: type, Message });
  }
}

function perform(catalog: SecretCatalog, target: string, body: string): object {
  const name = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : '';
  const action = actions.get(name);
  if (action === undefined)
    throw new ServiceError('UnknownOperationException', `Unknown operation ${target}.`);
  return action(catalog, asMembers(parse(body)));
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw notSerializable('The request body is not valid JSON.');
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, members: object): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': randomUUID(),
  });
  response.end(JSON.stringify(members));
}
