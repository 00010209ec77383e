import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { type AppendResult, type EntryPage, type EntryView } from '../streams.js';
import { ToBoolean, ToNumber } from './transforms.js';

/** Most entries one range request may ask for. */
export const MAX_ENTRIES_PER_PAGE = 10_000;

/** Forms in which a range can be answered. */
export const RANGE_FORMATS = ['base64', 'json', 'text', 'raw', 'binary'] as const;
export type RangeFormat = (typeof RANGE_FORMATS)[number];

export class RangeQueryDto {
  @ApiPropertyOptional({
    default: '-',
    description: 'First id, inclusive; `-` = the oldest; `(` before it = exclusive',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  start?: string;

  @ApiPropertyOptional({ default: '+', description: 'Last id, inclusive; `+` = the newest' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  end?: string;

  @ApiPropertyOptional({ description: 'Strictly after this id (`next` of the page before); wins over `start`' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  after?: string;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Newest first' })
  @IsOptional()
  @ToBoolean()
  @IsIn([true, false], { message: '$property must be true or false, got $value' })
  reverse?: boolean;

  @ApiPropertyOptional({ minimum: 1, maximum: MAX_ENTRIES_PER_PAGE, default: 100 })
  @IsOptional()
  @ToNumber()
  @IsInt()
  @Min(1)
  @Max(MAX_ENTRIES_PER_PAGE)
  count?: number;

  @ApiPropertyOptional({ enum: RANGE_FORMATS, default: 'base64', description: 'raw = payloads glued; binary = frames' })
  @IsOptional()
  @IsIn(RANGE_FORMATS)
  as?: RangeFormat;

  @ApiPropertyOptional({ description: 'The one entry nearest to this time: milliseconds since 1970, or ISO 8601' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  nearest?: string;
}

export class AppendQueryDto {
  @ApiPropertyOptional({ description: 'Explicit entry id: `<ms>-<seq>` or `<ms>-*`, above the last of the stream' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  id?: string;
}

export class AppendResultDto implements AppendResult {
  @ApiProperty({ type: [String], example: ['1732181400000-0'], description: 'Ids in the order of the entries' })
  ids!: string[];
}

export class EntryViewDto implements EntryView {
  @ApiProperty({ example: '1732181400000-0' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  time!: string;

  @ApiProperty({ type: 'integer', description: 'Payload bytes' })
  bytes!: number;

  @ApiPropertyOptional({ description: 'Payload in base64 (`as=base64`)' })
  data?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Payload as JSON (`as=json`)' })
  json?: unknown;

  @ApiPropertyOptional({ description: 'Payload as UTF-8 text (`as=text`)' })
  text?: string;
}

export class EntryPageDto implements EntryPage {
  @ApiProperty({ type: [EntryViewDto] })
  entries!: EntryViewDto[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Give it back as `after`; null after the last page' })
  next!: string | null;
}
