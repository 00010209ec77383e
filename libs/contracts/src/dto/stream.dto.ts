import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min, ValidateIf } from 'class-validator';
import { type Retention, type StreamInfo, type StreamList, type StreamRetention } from '../streams.js';
import { ToNumber } from './transforms.js';

/** Most streams one page of the list may hold. */
export const MAX_STREAMS_PER_PAGE = 1000;

export class ListStreamsQueryDto {
  @ApiPropertyOptional({ description: 'Glob over full names (`*`, `?`, `[abc]`)', example: 'cam*:video' })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  match?: string;

  @ApiPropertyOptional({ description: 'Names starting with this', example: 'cam1:' })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  prefix?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: MAX_STREAMS_PER_PAGE, default: 100, description: 'Streams per page' })
  @IsOptional()
  @ToNumber()
  @IsInt()
  @Min(1)
  @Max(MAX_STREAMS_PER_PAGE)
  limit?: number;

  @ApiPropertyOptional({ description: '`cursor` of the page before' })
  @IsOptional()
  @IsString()
  @MaxLength(2048)
  cursor?: string;
}

/** Body of `PUT …/retention`: a bound of null (or absent) does not hold. */
export class RetentionDto implements Partial<Retention> {
  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, description: 'Newest entries kept' })
  @ValidateIf((_object, value) => value !== null && value !== undefined)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  maxEntries?: number | null;

  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, description: 'Milliseconds an entry stays' })
  @ValidateIf((_object, value) => value !== null && value !== undefined)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  maxAgeMs?: number | null;

  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, description: 'Payload bytes kept' })
  @ValidateIf((_object, value) => value !== null && value !== undefined)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  maxBytes?: number | null;
}

export class StreamRetentionDto implements StreamRetention {
  @ApiProperty({ type: 'integer', nullable: true })
  maxEntries!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  maxAgeMs!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  maxBytes!: number | null;

  @ApiProperty({ enum: ['default', 'stream'], description: 'Whether somebody set it for this stream' })
  source!: 'default' | 'stream';
}

export class StreamInfoDto implements StreamInfo {
  @ApiProperty({ example: 'cam1:video', description: 'Redis key' })
  name!: string;

  @ApiProperty({ example: 'cam1' })
  device!: string;

  @ApiProperty({ example: 'video' })
  stream!: string;

  @ApiProperty({ type: 'integer', description: 'Entries in the log now' })
  length!: number;

  @ApiProperty({ type: 'integer', description: 'Estimated bytes in memory' })
  bytes!: number;

  @ApiProperty({ type: 'integer', description: 'Entries ever appended' })
  entriesAdded!: number;

  @ApiProperty({ type: 'string', nullable: true, example: '1732181400000-0' })
  firstEntryId!: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: '1732181460000-0' })
  lastEntryId!: string | null;

  @ApiProperty({ example: '1732181460000-0' })
  lastGeneratedId!: string;

  @ApiProperty({ type: 'integer', description: 'Consumer groups' })
  groups!: number;

  @ApiProperty({ description: 'Entries a second, over the last seconds' })
  ratePerSecond!: number;

  @ApiProperty({ description: 'Payload bytes a second, over the last seconds' })
  bytesPerSecond!: number;

  @ApiProperty({ type: StreamRetentionDto })
  retention!: StreamRetentionDto;

  @ApiProperty({ type: 'string', nullable: true, format: 'date-time' })
  lastEntryTime!: string | null;
}

export class StreamListDto implements StreamList {
  @ApiProperty({ type: [StreamInfoDto] })
  streams!: StreamInfoDto[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Give it back as `cursor`; null after the last page' })
  cursor!: string | null;
}
