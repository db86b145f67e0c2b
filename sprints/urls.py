"""The pages of the loop: today, planning, board, review, money and what was learnt."""

from django.urls import path

from sprints.views import board, campaigns, learnings, money, planning, plans, review, today

W = "w/<slug:slug>/"
SPRINT = W + "sprints/<int:number>/"
PLAN = W + "money/plans/<int:plan_id>/"
CAMPAIGN = W + "campaigns/<slug:key>/"

urlpatterns = [
    path(W, today.TodayView.as_view(), name="today"),
    path(W + "first-steps/", today.FirstStepsView.as_view(), name="first_steps"),
    path(W + "backlog/", planning.BacklogView.as_view(), name="backlog"),
    path(W + "backlog.csv", planning.BacklogCsvView.as_view(), name="backlog_csv"),
    path(W + "sprints/", planning.SprintsView.as_view(), name="sprints"),
    path(W + "sprints.csv", planning.SprintsCsvView.as_view(), name="sprints_csv"),
    path(W + "sprints/new/", planning.NewSprintView.as_view(), name="sprint_new"),
    path(SPRINT, board.SprintView.as_view(), name="sprint"),
    path(SPRINT + "edit/", planning.EditSprintView.as_view(), name="sprint_edit"),
    path(SPRINT + "reach/<slug:key>/", board.ReachView.as_view(), name="sprint_reach"),
    path(SPRINT + "commit/", planning.CommitView.as_view(), name="sprint_commit"),
    path(SPRINT + "release/<int:hypothesis_id>/", planning.ReleaseView.as_view(), name="sprint_release"),
    path(SPRINT + "start/", planning.StartView.as_view(), name="sprint_start"),
    path(SPRINT + "cancel/", planning.CancelView.as_view(), name="sprint_cancel"),
    path(SPRINT + "review/", review.ReviewView.as_view(), name="sprint_review"),
    path(SPRINT + "review/print/", review.PrintedReviewView.as_view(), name="sprint_review_print"),
    path(SPRINT + "review/open/", review.OpenReviewView.as_view(), name="sprint_review_open"),
    path(SPRINT + "review/close/", review.CloseView.as_view(), name="sprint_close"),
    path(SPRINT + "review/<int:hypothesis_id>/", review.DecideView.as_view(), name="decide"),
    path(CAMPAIGN, campaigns.CampaignInSprintView.as_view(), name="campaign"),
    path(CAMPAIGN + "arms.csv", campaigns.ArmsInSprintCsvView.as_view(), name="campaign_arms_csv"),
    path(CAMPAIGN + "launch/", campaigns.LaunchView.as_view(), name="campaign_launch"),
    path(CAMPAIGN + "adopt/", campaigns.AdoptView.as_view(), name="campaign_adopt"),
    path(W + "money/", money.MoneyView.as_view(), name="money"),
    path(W + "money/ledger.csv", money.LedgerCsvView.as_view(), name="ledger_csv"),
    path(W + "money/accounts.csv", money.AccountsCsvView.as_view(), name="accounts_csv"),
    path(W + "money/plans.csv", money.PlansCsvView.as_view(), name="plans_csv"),
    path(W + "money/fund/", money.FundView.as_view(), name="fund"),
    path(W + "money/correct/", money.CorrectView.as_view(), name="correct"),
    path(W + "money/propose/", plans.ProposeView.as_view(), name="propose"),
    path(W + "money/plans/new/", plans.PlanByHandView.as_view(), name="plan_new"),
    path(PLAN, plans.PlanView.as_view(), name="plan"),
    path(PLAN + "approve/", plans.ApproveView.as_view(), name="plan_approve"),
    path(PLAN + "reject/", plans.RejectView.as_view(), name="plan_reject"),
    path(PLAN + "withdraw/", plans.WithdrawView.as_view(), name="plan_withdraw"),
    path(PLAN + "replace/", plans.ReplaceView.as_view(), name="plan_replace"),
    path(PLAN + "apply/", plans.ApplyView.as_view(), name="plan_apply"),
    path(PLAN + "undo/", plans.UndoView.as_view(), name="plan_undo"),
    path(W + "learnings/", learnings.LearningsView.as_view(), name="learnings"),
    path(W + "learnings.csv", learnings.LearningsCsvView.as_view(), name="learnings_csv"),
    path(W + "graveyard/", learnings.GraveyardView.as_view(), name="graveyard"),
    path(W + "graveyard.csv", learnings.GraveyardCsvView.as_view(), name="graveyard_csv"),
]
