"""The language of an MMS checkpoint, as requests name it.

MMS names languages by ISO 639-3, and some by their script or dialect as well, such as
`azj-script_cyrillic`. BCP 47 has the code of two letters where ISO 639-1 has one.
"""

import re

#: ISO 639-3 → ISO 639-1; also for the single languages that a macrolanguage's code is used for.
_TWO_LETTERS = dict(
    re.findall(
        r"(\w+):(\w+)",
        """
        aar:aa abk:ab afr:af aka:ak amh:am ara:ar arb:ar arg:an asm:as ava:av aym:ay ayr:ay
        aze:az azb:az azj:az bak:ba bam:bm bel:be ben:bn bis:bi bod:bo bos:bs bre:br bul:bg
        cat:ca ces:cs cha:ch che:ce chv:cv cmn:zh cor:kw cos:co cre:cr crk:cr cym:cy dan:da
        deu:de div:dv dzo:dz ell:el eng:en epo:eo est:et ekk:et eus:eu ewe:ee fao:fo fas:fa
        pes:fa fij:fj fin:fi fra:fr fry:fy ful:ff gla:gd gle:ga glg:gl glv:gv grn:gn gug:gn
        guj:gu hat:ht hau:ha heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ido:io
        iii:ii iku:iu ile:ie ina:ia ind:id ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn
        kas:ks kat:ka kau:kr kaz:kk khm:km kik:ki kin:rw kir:ky kom:kv kon:kg kor:ko kua:kj
        kur:ku kmr:ku lao:lo lat:la lav:lv lvs:lv lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg
        mah:mh mal:ml mar:mr mkd:mk mlg:mg plt:mg mlt:mt mon:mn khk:mn mri:mi msa:ms zlm:ms
        zsm:ms mya:my nau:na nav:nv nbl:nr nde:nd ndo:ng nep:ne npi:ne nld:nl nno:nn nob:nb
        nor:no nya:ny oci:oc oji:oj ori:or ory:or orm:om gaz:om oss:os pan:pa pol:pl por:pt
        pus:ps que:qu quz:qu roh:rm ron:ro run:rn rus:ru sag:sg san:sa sin:si slk:sk slv:sl
        sme:se smo:sm sna:sn snd:sd som:so sot:st spa:es sqi:sq srd:sc srp:sr ssw:ss sun:su
        swa:sw swh:sw swe:sv tah:ty tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th tir:ti ton:to
        tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz uzn:uz ven:ve vie:vi
        vol:vo wln:wa wol:wo xho:xh yid:yi ydd:yi yor:yo zha:za zho:zh zul:zu
        """,
    )
)


def tags(language: str) -> tuple[str, ...]:
    """Return the tags under which a language of MMS can be asked for, the best first."""
    code = language.lower().replace("_", "-").partition("-")[0]
    return (_TWO_LETTERS[code], code) if code in _TWO_LETTERS else (code,)
