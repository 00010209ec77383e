import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { type GroupInfo } from '../streams.js';
import { ToNumber } from './transforms.js';

/** Most ids one acknowledgement may name. */
export const MAX_ACK_IDS = 10_000;

export class CreateGroupDto {
  @ApiProperty({ example: 'workers' })
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  group!: string;

  @ApiPropertyOptional({
    default: '$',
    description: 'Position the group starts from: an id, `0` = all, `$` = from now',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  from?: string;
}

export class ReadGroupQueryDto {
  @ApiProperty({ example: 'worker-1' })
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  consumer!: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 10 })
  @IsOptional()
  @ToNumber()
  @IsInt()
  @Min(1)
  @Max(1000)
  count?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: 60_000,
    default: 0,
    description: 'Milliseconds to wait when there is none',
  })
  @IsOptional()
  @ToNumber()
  @IsInt()
  @Min(0)
  @Max(60_000)
  block?: number;
}

export class AckDto {
  @ApiProperty({ type: [String], minItems: 1, maxItems: MAX_ACK_IDS })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ACK_IDS)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  ids!: string[];
}

export class AckResultDto {
  @ApiProperty({ type: 'integer', description: 'Entries that were pending and are not any more' })
  acknowledged!: number;
}

export class ClaimDto {
  @ApiProperty({ example: 'worker-2', description: 'Who takes the entries over' })
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  consumer!: string;

  @ApiPropertyOptional({ minimum: 0, default: 60_000, description: 'Only entries pending for at least so long' })
  @IsOptional()
  @ToNumber()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  minIdleMs?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @ToNumber()
  @IsInt()
  @Min(1)
  @Max(1000)
  count?: number;
}

export class GroupInfoDto implements GroupInfo {
  @ApiProperty()
  group!: string;

  @ApiProperty({ type: 'integer' })
  consumers!: number;

  @ApiProperty({ type: 'integer', description: 'Delivered and not acknowledged' })
  pending!: number;

  @ApiProperty()
  lastDeliveredId!: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Not delivered yet; null when Redis cannot tell' })
  lag!: number | null;
}
