import type { NewUser } from '../src/db/bulkInsert.ts';
import { DAY, HOUR, isoTime, MINUTE } from './clock.ts';
import { type Language, languageShares } from './languages.ts';
import type { Choices, Random, Shares } from './random.ts';

/** A user, with the habits that the rest of the data follows. */
export interface Person {
  user: NewUser;
  joinedAt: number;
  /** Null where they never signed in. */
  lastLoginAt: number | null;
  /** How much they upload, beside the others. */
  diligence: number;
  language: Language;
  clientIp: string;
  userAgent: string;
}

/** A person whose row is stored, and who has signed in. */
export interface Owner extends Person {
  id: number;
  lastLoginAt: number;
}

// biome-ignore format: a name a line would be a page of names
const firstNames: Choices<string> = [
  'Aisha', 'Alba', 'Amelie', 'Anna', 'Antoine', 'Beatriz', 'Ben', 'Camille', 'Carlos', 'Chiara',
  'Clara', 'Daan', 'Daniel', 'David', 'Elena', 'Emil', 'Emma', 'Erik', 'Farah', 'Felix',
  'Fiona', 'Gabriel', 'Giulia', 'Grace', 'Hannah', 'Haruto', 'Hugo', 'Ines', 'Ingrid', 'Isaac',
  'James', 'Jana', 'Jonas', 'Julia', 'Karim', 'Katharina', 'Lars', 'Laura', 'Leon', 'Lina',
  'Louise', 'Lucas', 'Maja', 'Marco', 'Maria', 'Mateo', 'Maya', 'Mei', 'Mia', 'Nadia',
  'Niels', 'Noah', 'Nora', 'Olivia', 'Omar', 'Paula', 'Pedro', 'Petra', 'Priya', 'Rafael',
  'Robin', 'Rosa', 'Samuel', 'Sara', 'Sofia', 'Stefan', 'Tariq', 'Theo', 'Thomas', 'Valeria',
  'Victor', 'Wei', 'Yara', 'Yuki', 'Zoe',
];

// biome-ignore format: a name a line would be a page of names
export const lastNames: Choices<string> = [
  'Abbott', 'Almeida', 'Andersen', 'Bauer', 'Becker', 'Bennett', 'Bernard', 'Bianchi', 'Brandt',
  'Carter', 'Castillo', 'Chen', 'Costa', 'Dubois', 'Dupont', 'Ebert', 'Eriksen', 'Fernandez',
  'Ferrari', 'Fischer', 'Fontaine', 'Foster', 'Garcia', 'Girard', 'Greene', 'Haas', 'Hansen',
  'Hoffmann', 'Hughes', 'Ito', 'Jansen', 'Kaur', 'Keller', 'Khan', 'Kim', 'Kovacs', 'Lambert',
  'Larsen', 'Lehmann', 'Lindqvist', 'Lopez', 'Marchetti', 'Martin', 'Mendes', 'Meyer', 'Moreau',
  'Morgan', 'Nakamura', 'Novak', 'Nowak', 'Okafor', 'Oliveira', 'Patel', 'Pereira', 'Petit',
  'Ricci', 'Rossi', 'Ruiz', 'Sanchez', 'Santos', 'Sato', 'Schmid', 'Schneider', 'Silva', 'Singh',
  'Sorensen', 'Tanaka', 'Torres', 'Turner', 'Vega', 'Vermeer', 'Visser', 'Vogel', 'Wagner',
  'Walsh', 'Weber', 'Winter', 'Yilmaz', 'Zhang', 'Zimmermann',
];

const mailHosts: Choices<string> = ['example.com', 'example.org', 'example.net'];

/** Networks kept for documentation, so that no address is anybody's. */
const networks: Choices<string> = ['192.0.2', '198.51.100', '203.0.113'];

const userAgents: Shares<string> = [
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
    0.4,
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
    0.25,
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 0.2],
  ['whisper-cli/2.3.1', 0.1],
  ['python-requests/2.32.4', 0.05],
];

/** Zipf's law: the tenth does a sixth of what the first does. */
const diligence = (rank: number): number => rank ** -0.8;

/** Gives a name as it is the first time, then with a number: `anna.keller`, `anna.keller2`. */
function uniqueNames(): (name: string) => string {
  const given = new Map<string, number>();
  return (name) => {
    const times = (given.get(name) ?? 0) + 1;
    given.set(name, times);
    return times === 1 ? name : `${name}${times}`;
  };
}

function habits(random: Random, users: number) {
  return {
    diligence: diligence(random.whole(1, users)),
    language: random.share(languageShares),
    clientIp: `${random.pick(networks)}.${random.whole(1, 254)}`,
    userAgent: random.share(userAgents),
  };
}

/** Most were here this week; those whose account is off have been gone for months. */
function lastLogin(
  random: Random,
  { joinedAt, now, isActive }: { joinedAt: number; now: number; isActive: boolean },
): number | null {
  if (random.chance(0.1)) return null;
  const away = random.exponential(6 * DAY) + (isActive ? 0 : 60 * DAY);
  return Math.max(joinedAt + HOUR, Math.floor(now - away - MINUTE));
}

interface PeopleOptions {
  users: number;
  now: number;
  hashedPassword: string;
}

/** The administrator, who was here first and is here now. */
function administrator(random: Random, { users, now, hashedPassword }: PeopleOptions): Person {
  const joinedAt = now - 730 * DAY;
  const lastLoginAt = now - 20 * MINUTE;
  return {
    user: {
      username: 'admin',
      email: 'admin@example.com',
      hashed_password: hashedPassword,
      role: 'admin',
      must_change_password: false,
      created_at: isoTime(joinedAt),
      last_login: isoTime(lastLoginAt),
      is_active: true,
    },
    joinedAt,
    lastLoginAt,
    ...habits(random, users),
  };
}

function colleague(
  random: Random,
  joinedAt: number,
  unique: (name: string) => string,
  { users, now, hashedPassword }: PeopleOptions,
): Person {
  const name = `${random.pick(firstNames)}.${random.pick(lastNames)}`.toLowerCase();
  const username = unique(name);
  const isActive = !random.chance(0.05);
  const lastLoginAt = lastLogin(random, { joinedAt, now, isActive });
  return {
    user: {
      username,
      email: `${username}@${random.pick(mailHosts)}`,
      hashed_password: hashedPassword,
      role: 'user',
      must_change_password: false,
      created_at: isoTime(joinedAt),
      last_login: lastLoginAt === null ? null : isoTime(lastLoginAt),
      is_active: isActive,
    },
    joinedAt,
    lastLoginAt,
    ...habits(random, users),
  };
}

/** The users in the order in which they joined, over two years; the first is the administrator. */
export function createPeople(random: Random, options: PeopleOptions): Person[] {
  const unique = uniqueNames();
  const joined = Array.from({ length: options.users - 1 }, () =>
    Math.floor(options.now - random.between(2 * DAY, 729 * DAY)),
  ).sort((one, other) => one - other);
  return [
    administrator(random, options),
    ...joined.map((joinedAt) => colleague(random, joinedAt, unique, options)),
  ];
}
