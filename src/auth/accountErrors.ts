// What a client can mend in the same form: members of a mutation's payload, not entries of `errors`.

export class InvalidCredentialsError extends Error {
  constructor(message = 'The user name or the password is wrong.') {
    super(message);
  }
}

export class UsernameTakenError extends Error {
  readonly username: string;

  constructor(username: string) {
    super(`The user name "${username}" is taken.`);
    this.username = username;
  }
}

export class EmailTakenError extends Error {
  readonly email: string;

  constructor(email: string) {
    super(`Another user has the address "${email}".`);
    this.email = email;
  }
}

export class InvalidInputError extends Error {
  /** The name of the argument. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

export class LastAdministratorError extends Error {
  constructor() {
    super('This is the last active administrator; make another one first.');
  }
}
