/** Statements whose work may grow with rows that the operation does not return, and why. */
export const growing: readonly { statement: RegExp; reason: string }[] = [
  {
    statement:
      /^select (count\(\*\) as [`"]count[`"]|.*\(select count\(\*\) from .*\) as [`"]count[`"]) from/,
    reason: 'totalCount counts rows on all pages; it is sent only when it is asked for.',
  },
  {
    statement: /SELECT count\(\*\) FROM jobs WHERE user_id = k.value AND status/,
    reason: "User.jobCounts counts all of the user's jobs, from an index alone.",
  },
  {
    statement: /GROUP BY (1, 2, 3|user_id|event_type)/,
    reason: 'Statistics are over all rows of their period.',
  },
  {
    statement: /(job_search|segment_search) MATCH|document @@/,
    reason: 'A search ranks all matches before it knows the best.',
  },
  {
    statement: /^select [`"]page[`"].[`"]job_id[`"], [`"]page[`"].[`"]position[`"]/,
    reason: 'Job.transcript is made of all segments of the job.',
  },
];

export const mayGrow = (sql: string): boolean =>
  growing.some(({ statement }) => statement.test(sql));
