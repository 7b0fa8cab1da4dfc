/** An answer other than success, as Secrets Manager words it; every one of them is a 400. */
export class ServiceError extends Error {
  /** The exception's name, which the wire carries as `__type`. */
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.name = 'ServiceError';
    this.type = type;
  }
}

/** A secret, or a version of one, is not there. */
export function notFound(what = 'secret.'): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Secrets Manager can't find the specified ${what}`);
}

/** The request is well formed, but not for the state the secret is in. */
export function invalidRequest(message: string): ServiceError {
  return new ServiceError('InvalidRequestException', message);
}

/** Two members of the request contradict each other, or one is out of its range. */
export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message);
}

/** A member breaks a constraint of the API's model, such as a length. */
export function invalidMember(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

/** A name, or a version's token, is taken. */
export function alreadyExists(message: string): ServiceError {
  return new ServiceError('ResourceExistsException', message);
}

/** The body is not the JSON that the API's model describes. */
export function notSerializable(message: string): ServiceError {
  return new ServiceError('SerializationException', message);
}
