"""add related demands, urgent reports, police transfers and reorganisations."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "related_demand",
        sa.Column(
            "demand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "earlier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "matter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("counts_as", sa.String(), nullable=False),
        sa.Column("merged", sa.Boolean(), nullable=False),
        sa.Column("related_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["demand_id"], ["demand.id"], name=op.f("fk_related_demand_demand_id_demand")
        ),
        sa.ForeignKeyConstraint(
            ["earlier_id"], ["demand.id"], name=op.f("fk_related_demand_earlier_id_demand")
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["demand.id"], name=op.f("fk_related_demand_matter_id_demand")
        ),
        sa.PrimaryKeyConstraint("demand_id", name=op.f("pk_related_demand")),
    )
    with op.batch_alter_table("related_demand", schema=None) as batch_op:
        batch_op.create_index("ix_related_demand_matter_id", ["matter_id"], unique=False)

    op.create_table(
        "urgent_report",
        sa.Column(
            "procedure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("report_to", sa.String(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by_name", sa.String(), nullable=True),
        sa.Column("measures", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by_name", sa.String(), nullable=True),
        sa.Column("instruction", sa.Text(), nullable=True),
        sa.Column("fed_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["procedure.id"], name=op.f("fk_urgent_report_procedure_id_procedure")
        ),
        sa.PrimaryKeyConstraint("procedure_id", name=op.f("pk_urgent_report")),
        sa.UniqueConstraint("number", name=op.f("uq_urgent_report_number")),
    )
    op.create_table(
        "police_transfer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "demand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "procedure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("police_number", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("result_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["demand_id"], ["demand.id"], name=op.f("fk_police_transfer_demand_id_demand")
        ),
        sa.ForeignKeyConstraint(
            ["procedure_id"],
            ["procedure.id"],
            name=op.f("fk_police_transfer_procedure_id_procedure"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_police_transfer")),
        sa.UniqueConstraint("procedure_id", name=op.f("uq_police_transfer_procedure_id")),
    )
    with op.batch_alter_table("police_transfer", schema=None) as batch_op:
        batch_op.create_index("ix_police_transfer_demand_id", ["demand_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_police_transfer_police_number"), ["police_number"], unique=False
        )

    op.create_table(
        "reorganisation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("heir_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_name", sa.String(), nullable=False),
        sa.Column("catalogue_version", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["handling_unit.id"], name=op.f("fk_reorganisation_unit_id_handling_unit")
        ),
        sa.ForeignKeyConstraint(
            ["heir_id"], ["handling_unit.id"], name=op.f("fk_reorganisation_heir_id_handling_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reorganisation")),
    )


def downgrade() -> None:
    op.drop_table("reorganisation")
    with op.batch_alter_table("police_transfer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_police_transfer_police_number"))
        batch_op.drop_index("ix_police_transfer_demand_id")

    op.drop_table("police_transfer")
    op.drop_table("urgent_report")
    with op.batch_alter_table("related_demand", schema=None) as batch_op:
        batch_op.drop_index("ix_related_demand_matter_id")

    op.drop_table("related_demand")
