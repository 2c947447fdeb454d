-- Search of customers by name, number and the end of the telephone number.
--
-- `reading` is what a program knows of how a name is read: the name it is of, then a line for each
-- way to write it in plain letters, such as "张伟", " zhangwei", " zw". It is ignored once the name
-- is another one, so whoever changes a name without knowing of readings leaves no false ones.
alter table terrace.customer add column reading text;

-- The load of accounts makes customers of prospects: with as much room on the pages, that adds no
-- index entry, least of all to the index made here.
alter table terrace.customer set (fillfactor = 50);

-- The end of a telephone number that a masked one shows: no more of it may be searched for.
create function terrace.phone_tail(value text) returns text
language sql immutable parallel safe
return right(value, least(4, greatest(length(value) - 7, 0)));

-- A text without case, accents and punctuation, one space between words. ASCII letters first and by
-- themselves: a locale may have its own idea of what I is in small letters.
create function terrace.plain_words(value text) returns text
language plpgsql immutable strict parallel safe as $$
begin
    if value !~ '[^\x01-\x7f]' then
        return btrim(regexp_replace(lower(value collate "C"), '[^0-9a-z]+', ' ', 'g'));
    end if;
    return btrim(regexp_replace(
        regexp_replace(lower(lower(normalize(value, nfkd) collate "C") collate "default"), '[\u0300-\u036f]+', '', 'g'),
        '[\x01-\x2f\x3a-\x60\x7b-\xbf\u2000-\u206f\u2216-\u2219\u22c5\u3000-\u3004\u3008-\u3020\u30fb]+',
        ' ', 'g'));
end
$$;

-- Whatever a customer is found by, a line each and a space before every word, whoever writes the
-- row. A needle is looked for in it as a plain text; a short one only where words begin.
create function terrace.search_key(name text, reading text, number text, phone text) returns text
language plpgsql immutable parallel safe as $$
declare
    words constant text := terrace.plain_words(name);
    lines text := ' ' || words;
begin
    if strpos(words, ' ') > 0 then
        lines := lines || E'\n ' || replace(words, ' ', '');
    end if;
    if starts_with(reading, name || E'\n') then
        lines := lines || substr(reading, length(name) + 1);
    end if;
    return lines || E'\n ' || replace(terrace.plain_words(number), ' ', '')
        || coalesce(E'\n ' || nullif(terrace.phone_tail(phone), ''), '');
end
$$;
alter table terrace.customer add column search_key text not null
    generated always as (terrace.search_key(name, reading, number, phone)) stored;

-- What a needle can be looked up by: every three ASCII characters in a row, with two spaces before
-- each word, and every other character by itself, for a Chinese needle is often a single one. So is
-- every letter of the name, for what is shorter than three letters and may be anywhere in it. An
-- extension's trigrams (pg_trgm) would not do: which letters it takes for such depends on the
-- locale of the server's C library, and in many there are no Chinese ones.
create function terrace.search_terms(search_key text) returns text[]
language plpgsql immutable strict parallel safe as $$
declare
    others constant text := regexp_replace(search_key, '[\x01-\x7f]+', '', 'g');
    ascii constant text := replace(regexp_replace(search_key, '[^ -\x7f]+', '', 'g'), ' ', '  ');
begin
    return string_to_array(others || split_part(search_key, E'\n', 1), null) || string_to_array(
        regexp_replace(ascii, '(...)', E'\\1\x01', 'g') || E'\x01'
        || regexp_replace(substr(ascii, 2), '(...)', E'\\1\x01', 'g') || E'\x01'
        || regexp_replace(substr(ascii, 3), '(...)', E'\\1\x01', 'g'), E'\x01');
end
$$;
create index customer_search on terrace.customer using gin (terrace.search_terms(search_key));

-- Prefixes as ranges of bytes, whatever the collation of the database.
create index customer_by_number_prefix on terrace.customer (number text_pattern_ops);
create index customer_by_phone_tail
    on terrace.customer (reverse(terrace.phone_tail(phone)) text_pattern_ops);

-- Whose name has not been read yet: empty but for a moment.
create index customer_unread on terrace.customer (id)
    where reading is null or not starts_with(reading, name || E'\n');
