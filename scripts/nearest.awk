# Prints which of the words in `known` is nearest to `word`, or all of them: what make says before there is a Python.
# Called as: awk -v word=VARIENT -v known="VARIANT TO …" -f scripts/nearest.awk

function least(a, b) { return a < b ? a : b }

# How many letters are to be changed, added or left out to make `a` of `b` (Levenshtein's distance).
function distance(a, b,    i, j, above, before, left) {
    for (j = 0; j <= length(b); j++) above[j] = j
    for (i = 1; i <= length(a); i++) {
        before = above[0]
        above[0] = i
        for (j = 1; j <= length(b); j++) {
            left = above[j]
            above[j] = least(least(above[j], above[j - 1]) + 1, before + (substr(a, i, 1) != substr(b, j, 1)))
            before = left
        }
    }
    return above[length(b)]
}

BEGIN {
    count = split(known, words, " ")
    best = length(word) / 2
    for (i = 1; i <= count; i++) {
        far = distance(toupper(word), toupper(words[i]))
        if (far < best) { best = far; found = words[i] }
    }
    print (found ? "did you mean " found "?" : "there are: " known)
}
