"""Lists of English words, by what they say of a question's grammar."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


BE = words("is are was were be been being am")
"""Forms of "to be"."""
AUXILIARIES = BE | words("do does did has have had can could will would shall should may might must")
EXISTS = BE | words("has have had can could would should will does did do exist exists")
"""What stands beside a "there" that is no place."""
DETERMINERS = words("the a an this that these those my our your each every")
"""What a noun phrase begins with."""
PREPOSITIONS = words(
    """of in on at to for from by with without after before during since until till between about under over near into
    through within per against as than behind inside outside around"""
)
WH = words("who whom whose what which when where why how")
"""Question words."""
POSSESSIVE = words("his her its their")
"""Pronouns that stand before what belongs to somebody."""
PRONOUNS = {
    **dict.fromkeys(words("he him his she her hers himself herself"), "person"),
    **dict.fromkeys(words("they them their theirs themselves"), "several"),
    **dict.fromkeys(words("it its itself"), "thing"),
    "there": "place",
}
"""What each may stand for."""
OTHERS = words("and or but not no so if that than then also else there here i you we me us your own one")
"""Function words of no other list."""
ASKING = words("""name list tell show give find state explain describe say many much long often far old and but""")
"""What a request begins with, and what follows "how"."""
VERBS = words(
    """accept apply arrive ask become begin belong borrow break bring build burn buy call carry cause change charge
    close come connect consist contain cost cover cut cross deliver depart die drink earn eat end expire fail fall
    fill find finish fit fly follow found get give go grow happen hold include join keep last lead learn leave lie
    live look lose make marry mean measure meet move need offer open own pay play produce pump raise reach read
    receive release rent replace report resign retire return rise rule run say sell send serve set sign sit sleep
    spend stand start stay stop store study suffer supply take teach travel turn use visit vote wait walk want wear
    weigh win work write check clean lead manage service"""
)
"""Common verbs, as they follow a subject in a question."""
PARTICIPLES = words(
    """born built held made paid sold kept written found known given taken shown sent bought won lost led spent drawn
    cut set put read left caught buried worn driven chosen done open closed located due available necessary"""
)
"""Irregular participles and adjectives that follow a subject in a question."""
PLACES = words(
    """town city village capital country place island street region state county district building house office room
    museum hotel hospital prison school station harbour port river lake park castle church hall yard airport site
    plant factory"""
)
"""Nouns for places."""
PEOPLE = words(
    """director manager mayor president chair chairman chairwoman chairperson person author captain doctor tenant
    landlord teacher engineer secretary inspector auditor treasurer minister king queen man woman boy girl child
    employee customer patient founder writer painter architect witness judge lawyer leader head editor chemist cook
    nurse pilot guide inventor successor owner ceo boss coach player winner singer officer sailor worker keeper
    buyer seller"""
)
"""Nouns for persons."""
BODIES = words(
    """ltd inc gmbh ab ag as co plc llc company corporation university college school bank bridge river lake street
    road museum hotel hospital agency ministry council court station tower mill ferry ferries line lines party union
    club festival treaty act church castle library institute foundation group works committee project society hall
    house island harbour theatre fund office mine canal park square prize award
    railway homes services group holding"""
)
"""Words in the names of companies, institutions, buildings and waters."""
MARKERS = words(
    """what what's how which who whom whose why where when the of does did were has have can could should would this
    that these those with from there their and you if any"""
)
"""Common in English questions, and no words of languages whose letters are alike, as "is" and "in" are."""
LIVES = words(
    """born die died dead marry married live lived arrested held detained study studied resign resigned elected retire
    retired appointed hired write wrote say said grew age old wife husband mother father brother sister"""
)
"""What a question says of persons only."""
JUDGED = words(
    """possible allowed permitted necessary required legal illegal safe true ok okay worth better best good bad hard
    easy difficult important mandatory compulsory forbidden advisable recommended customary cheaper usual likely normal
    enough acceptable raining snowing dark late time"""
)
"""What follows an "it" that stands for nothing."""
TIMES = words(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday weekday weekend holiday week year quarter month morning afternoon evening night
    spring summer autumn winter noon midnight"""
)
"""Names of days, months and parts of them."""
FUNCTION = AUXILIARIES | DETERMINERS | PREPOSITIONS | WH | PRONOUNS.keys() | OTHERS
"""All words that are part of no name and no noun phrase."""
