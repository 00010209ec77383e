import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Who, type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { readJson } from '../bodies/json-body.js';
import { ChannelKeys } from '../channels/channel-keys.js';
import { Gateway } from '../gateway.js';
import { momentIn } from '../history/history-range.js';
import { HistoryReader } from '../history/history-reader.js';
import { ApiError } from '../http/api-errors.js';
import { Callers } from '../http/callers.js';
import { sendJson } from '../http/json-reply.js';
import { type BoxAnswer } from './box-process.js';
import { toCsv } from './csv.js';
import { readSqlRequest } from './read-sql-request.js';
import { SqlFailure } from './box-exchange.js';
import { SqlBox } from './sql-box.js';
import { loadTables } from './sql-tables.js';

const ARROW_TYPE = 'application/vnd.apache.arrow.stream';

/** SQL over the states (`state.<name>`) and the past (`history.<channel>`) that the caller may read. */
@ApiTags('SQL')
@Controller('api/v1/sql')
export class SqlController {
  private readonly history: HistoryReader;

  constructor(
    private readonly gateway: Gateway,
    private readonly box: SqlBox,
    private readonly callers: Callers,
    log: StreamLog,
    keys: ChannelKeys,
  ) {
    this.history = new HistoryReader(log, keys);
  }

  @ApiOperation({ summary: 'SQL over states and history; as JSON, CSV or Arrow' })
  @Post()
  async query(@Who() identity: Identity, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const input = readJson(request.body);
    const asked = readSqlRequest(input, request.headers.accept);
    const { sql, format } = asked;
    const [startMs, endMs] = [momentIn(asked.input, 'start', 'body'), momentIn(asked.input, 'end', 'body')];
    const { gateway, history } = this;
    const leaving = new AbortController();
    reply.raw.once('close', () => leaving.abort());
    const caller = { name: this.callers.nameOf(request.raw), signal: leaving.signal };
    const answer = await this.run(() =>
      this.box.run(caller, () => loadTables({ gateway, history, identity, sql, startMs, endMs }), {
        ...asked,
        isArrow: format === 'arrow',
      }),
    );
    if (format === 'json') return sendJson(reply, toJson(answer));
    if (answer.isCut) reply.header('x-truncated', 'true');
    const [type, body] =
      answer.arrow === null ? ['text/csv; charset=utf-8', toCsv(answer)] : [ARROW_TYPE, Buffer.from(answer.arrow)];
    await reply.code(200).header('content-type', type).header('cache-control', 'no-store').send(body);
  }

  private async run(query: () => Promise<BoxAnswer>): Promise<BoxAnswer> {
    try {
      return await query();
    } catch (error) {
      if (!(error instanceof SqlFailure)) throw error;
      throw new ApiError(400, [{ type: error.type, loc: ['body', 'sql'], msg: error.message, input: null }]);
    }
  }
}

function toJson({ columns, rows, isCut }: BoxAnswer): string {
  const names = columns.map(({ name }) => name);
  const objects = rows.map((row) => Object.fromEntries(row.map((value, at) => [names[at] ?? '', value])));
  return JSON.stringify({ columns, rows: objects, truncated: isCut });
}
