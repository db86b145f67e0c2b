"""The experiment's pages: hypotheses, campaigns and zombies."""

from django.urls import path

from experiments.views import acts, campaigns, hypotheses, imports, learnt, templates, zombies

_CAMPAIGN = "w/<slug:slug>/campaigns/<slug:key>/"

urlpatterns = [
    path("w/<slug:slug>/hypotheses/new/", hypotheses.NewHypothesisView.as_view(), name="hypothesis_new"),
    path("w/<slug:slug>/hypotheses/<int:pk>/", hypotheses.HypothesisView.as_view(), name="hypothesis"),
    path(
        "w/<slug:slug>/hypotheses/<int:pk>/edit/",
        hypotheses.EditHypothesisView.as_view(),
        name="hypothesis_edit",
    ),
    path(
        "w/<slug:slug>/hypotheses/<int:pk>/scores/",
        hypotheses.ScoresView.as_view(),
        name="hypothesis_scores",
    ),
    path(
        "w/<slug:slug>/hypotheses/<int:pk>/archive/",
        hypotheses.ArchiveHypothesisView.as_view(),
        name="hypothesis_archive",
    ),
    path("w/<slug:slug>/campaigns/", campaigns.CampaignsView.as_view(), name="campaigns"),
    path("w/<slug:slug>/campaigns.csv", campaigns.CampaignsCsvView.as_view(), name="campaigns_csv"),
    path("w/<slug:slug>/campaigns/new/", campaigns.NewCampaignView.as_view(), name="campaign_new"),
    path(f"{_CAMPAIGN}days.csv", campaigns.DaysCsvView.as_view(), name="campaign_days_csv"),
    path(f"{_CAMPAIGN}edit/", campaigns.EditCampaignView.as_view(), name="campaign_edit"),
    path(f"{_CAMPAIGN}amend/", campaigns.AmendView.as_view(), name="campaign_amend"),
    path(f"{_CAMPAIGN}pause/", acts.PauseView.as_view(), name="campaign_pause"),
    path(f"{_CAMPAIGN}resume/", acts.ResumeView.as_view(), name="campaign_resume"),
    path(f"{_CAMPAIGN}kill/", acts.KillView.as_view(), name="campaign_kill"),
    path(f"{_CAMPAIGN}complete/", acts.CompleteView.as_view(), name="campaign_complete"),
    path(f"{_CAMPAIGN}discard/", acts.DiscardView.as_view(), name="campaign_discard"),
    path(
        f"{_CAMPAIGN}criteria/<int:criterion_id>/overrule/",
        acts.OverruleView.as_view(),
        name="campaign_overrule",
    ),
    path(f"{_CAMPAIGN}arms/<slug:arm_key>/stop/", acts.StopArmView.as_view(), name="arm_stop"),
    path("w/<slug:slug>/import/", imports.ImportView.as_view(), name="import_numbers"),
    path("w/<slug:slug>/import/<int:pk>/", imports.ImportFileView.as_view(), name="import_file"),
    path("w/<slug:slug>/import/<int:pk>/cancel/", imports.CancelImportView.as_view(), name="import_cancel"),
    path(
        "w/<slug:slug>/settings/sources/<slug:source>/names/",
        imports.NamesView.as_view(),
        name="source_names",
    ),
    path("w/<slug:slug>/settings/learnt/", learnt.LearntView.as_view(), name="settings_learnt"),
    path("w/<slug:slug>/settings/templates/", templates.TemplatesView.as_view(), name="settings_templates"),
    path(
        "w/<slug:slug>/settings/templates/<int:pk>/delete/",
        templates.DeleteTemplateView.as_view(),
        name="template_delete",
    ),
    path("w/<slug:slug>/zombies/", zombies.ZombiesView.as_view(), name="zombies"),
    path("w/<slug:slug>/zombies.csv", zombies.ZombiesCsvView.as_view(), name="zombies_csv"),
    path("w/<slug:slug>/zombies/<int:pk>/keep/", zombies.KeepView.as_view(), name="zombie_keep"),
    path("w/<slug:slug>/zombies/<int:pk>/stop/", zombies.StopView.as_view(), name="zombie_stop"),
    path(
        "w/<slug:slug>/zombies/<int:pk>/acknowledge/",
        zombies.AcknowledgeView.as_view(),
        name="zombie_acknowledge",
    ),
]
