// The length of a text, as the server counts it: chirrup/social/text.py in JavaScript. tests/web/test_length.py compares
// the two.
"use strict";

// A link, or a mention with its name and host: NAMED of chirrup/social/entities.py, letter for letter.
const NAMED = new RegExp(String.raw`[Hh](?<![0-9A-Za-z@＠$#＃][Hh])[Tt][Tt][Pp][Ss]?://(?:[\p{L}\p{M}\p{N}\p{So}_\u00b7\u30fb\u200c\u200d]+(?:-+[\p{L}\p{M}\p{N}\p{So}_\u00b7\u30fb\u200c\u200d]+)*\.)+(?:[0-9A-Za-z]+(?:-+[0-9A-Za-z]+)*|(?:(?![0-9A-Za-z])[\p{L}\p{M}\p{N}\u200c\u200d])+)(?![0-9A-Za-z_]|\.[\p{L}\p{M}\p{N}\p{So}_\u00b7\u30fb\u200c\u200d]|(?::[^\u0000-\u0020/?#@]*)?[@＠])(?::[0-9]+)?(?:(?:/|(?=[?#][!'*;:,.%?@~|\uff5c\uff5e\p{Pd}\u00b7\u05f3\u05f4\u0970\u0f0b\u0f0c\u2019\u30fb]*(?:(?:[\p{L}\p{M}\p{N}_#/&\-\u00a7\u00b6\u2020-\u2022\u2030-\u2037\u203b\u200c\u200d]|(?![<>\u0060|~\uff1c\uff1e\uff5c\uff5e])\p{S}|(?![*\p{S}])\p{Emoji_Component})|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?:(?=\p{C})[\p{Emoji_Component}\u200c]|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?:(?=\p{C})[\p{Emoji_Component}\u200c]|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?:(?=\p{C})[\p{Emoji_Component}\u200c]|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?:(?=\p{C})[\p{Emoji_Component}\u200c]|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?=\p{C})[\p{Emoji_Component}\u200c][^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})))(?:[!'*;:,.%?@~|\uff5c\uff5e\p{Pd}\u00b7\u05f3\u05f4\u0970\u0f0b\u0f0c\u2019\u30fb]*(?:(?:[\p{L}\p{M}\p{N}_#/&\-\u00a7\u00b6\u2020-\u2022\u2030-\u2037\u203b\u200c\u200d]|(?![<>\u0060|~\uff1c\uff1e\uff5c\uff5e])\p{S}|(?![*\p{S}])\p{Emoji_Component})|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?:(?=\p{C})[\p{Emoji_Component}\u200c]|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?:(?=\p{C})[\p{Emoji_Component}\u200c]|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?:(?=\p{C})[\p{Emoji_Component}\u200c]|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?:(?=\p{C})[\p{Emoji_Component}\u200c]|\p{Ps}[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*(?:(?=\p{C})[\p{Emoji_Component}\u200c][^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe})[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*)*\p{Pe}))*)?|[@＠](?:(?<![\p{L}\p{N}_@＠﹫/=!#$%&*][\p{M}\p{Cf}]*[@＠])|(?<=[@＠](?<![\p{L}\p{N}_@＠﹫/=!#$%&*][\p{M}\p{Cf}]*[@＠])(?:[0-9A-Za-z_]{1,30}[/&][@＠]){1,9}))([0-9A-Za-z_]{1,30})(?![0-9A-Za-z_])(?![\p{L}\p{M}\p{N}_+~%.\u2024\ufe52\uff0e\-\u2010\u2011\u2212\ufe63\uff0d\p{Cf}]+[@＠﹫])(?:[@＠]([\p{L}\p{M}\p{N}]+(?:-+[\p{L}\p{M}\p{N}]+)*(?:\.[\p{L}\p{M}\p{N}]+(?:-+[\p{L}\p{M}\p{N}]+)*)*(?::[0-9]{1,5})?)(?![\p{L}\p{M}\p{N}_]|:[0-9]))?(?![\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{M}\p{N}_@＠﹫]|\p{Cf}+[@＠﹫]|://|\p{Cf}*[.\u2024\ufe52\uff0e\-\u2010\u2011\u2212\ufe63\uff0d]\p{Cf}*[\p{L}\p{M}\p{N}_]|\p{Cf}+[0-9A-Za-z_]|:[0-9A-Za-z\-]+\.[0-9A-Za-z]|[^@＠﹫\p{Z}\u0000-\u0020]*?(?:[@＠﹫](?:(?<=[\p{L}\p{N}_=#$%*][\p{M}\p{Cf}]*[@＠﹫])[^\p{Z}\u0000-\u0020]|[^@＠﹫\p{Z}\u0000-\u0020.]+\.[^@＠﹫\p{Z}\u0000-\u0020.](?![^@＠﹫\p{Z}\u0000-\u0020]*[@＠﹫]))|(?:[%=](?:25)*(?:40|[Ee][Ff]%(?:25)*[Bb][Cc]%(?:25)*[Aa]0)|&(?:amp;)*(?:commat|#0*64|#[Xx]0*40);?|\\(?:u00|x)40|[(\[{<][Aa][Tt][)\]}>])[\p{L}\p{N}]))`, "gu");
const LINK_CHARS_MAX = 4096;
const LINK_LENGTH = 23;
const GRAPHEME_BYTES_MAX = 64;
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const encoder = new TextEncoder();

const cleaned = (text) =>
  text
    .replace(/\r\n|[\r\x85\u2028\u2029]/g, "\n")
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\p{Noncharacter_Code_Point}]/gu, "")
    .normalize("NFC")
    .trim();

// Graphemes; LINK_LENGTH for a link; @user for @user@host; at least one for each GRAPHEME_BYTES_MAX bytes.
function textLength(text) {
  let links = 0;
  const shown = cleaned(text).replace(NAMED, (all, name, host) => {
    if (name) return host ? `@${name}` : all;
    if ([...all].length > LINK_CHARS_MAX) return all;
    links += 1;
    return "x";
  });
  const counted = [...graphemes.segment(shown)].length;
  return Math.max(counted, Math.ceil(encoder.encode(shown).length / GRAPHEME_BYTES_MAX)) + (LINK_LENGTH - 1) * links;
}
