"""What is decided by whose it is, and who may begin a workspace."""

# What is decided by whose it is, each against the roles; a key is one of every scope for that person.
# ``own``: their proposal. ``made``: of a key that they made for somebody else. ``given``: of a key that
# somebody else made for them. ``other``: somebody else's altogether.
PLANS = """
deed      plan    viewer        marketer      manager       owner         key of marketer  key of manager
approve   other   missing_role  missing_role  done          done          person_required  person_required
approve   own     missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
approve   made    missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
approve   given   missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
reject    other   missing_role  missing_role  done          done          person_required  person_required
reject    own     missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
reject    made    missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
reject    given   missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
withdraw  other   missing_role  not_yours     done          done          not_yours        not_yours
withdraw  own     missing_role  done          done          done          done             done
withdraw  made    missing_role  done          done          done          done             done
withdraw  given   missing_role  done          done          done          done             done
apply     other   missing_role  done          done          done          done             done
apply     own     missing_role  done          done          done          done             done
apply     made    missing_role  done          done          done          done             done
undo      other   missing_role  done          done          done          done             done
undo      own     missing_role  done          done          done          done             done
undo      made    missing_role  done          done          done          done             done
replace   other   missing_role  not_yours     done          done          not_yours        not_yours
replace   own     missing_role  done          done          done          done             done
replace   made    missing_role  done          done          done          done             done
replace   given   missing_role  done          done          done          done             done
"""
# By REST and on the pages they are named alike: ``reallocations/{id}/approve/`` and ``plan_approve``.
PLAN_SERVICES = {
    "approve": "sprints.reallocations.approving.approve_reallocation",
    "reject": "sprints.reallocations.approving.reject_reallocation",
    "withdraw": "sprints.reallocations.approving.withdraw_reallocation",
    "replace": "sprints.reallocations.approving.replace_reallocation",
    "apply": "sprints.reallocations.approving.apply_reallocation",
    "undo": "sprints.reallocations.proposing.undo_reallocation",
}
# The state in which a plan must be for a deed, where that is not its first.
PLAN_STATES = {"apply": "approved", "undo": "applied"}
# Keys: whose they are to act for, or whom they act for already.
KEYS = """
deed      key     viewer        marketer      manager       owner
create    own     missing_role  done          done          done
create    other   missing_role  missing_role  missing_role  done
revoke    own     missing_role  done          done          done
revoke    other   missing_role  missing_role  missing_role  done
"""
KEY_SERVICES = {"create": "api.keys.create_key", "revoke": "api.keys.revoke_key"}
# Who may begin a workspace on the site, by the server's WORKSPACES_BY. ``nobody`` is in no workspace.
BEGINNERS = """
by        viewer  marketer  manager  owner  nobody  staff
owners    no      no        no       yes    no      yes
anyone    yes     yes       yes      yes    yes     yes
command   no      no        no       no     no      no
"""
